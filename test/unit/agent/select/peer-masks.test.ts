import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PEER_KIND, ROLE } from '../../../../src/agent/decode/layout.generated.ts';
import { type PeerMasks, peerMasks, WIDTH_OF } from '../../../../src/agent/select/peer-masks.ts';
import { PeerRules, peerRules } from '../../../../src/agent/select/peer-rules.ts';
import { networkOf } from '../../../../src/lib/network.ts';
import type { PlanPeer } from '../../../../src/plan/plan.ts';

/** What an LPM trie answers: the value of the longest prefix that covers these bits. */
function longest({ prefixes }: PeerMasks, kind: number, bits: bigint): bigint | undefined {
  const covering = prefixes.filter(
    ({ kind: of, prefix, length }) => of === kind && bits >> BigInt((WIDTH_OF[kind] ?? 0) - length) === prefix,
  );
  return covering.toSorted((a, b) => b.length - a.length)[0]?.mask;
}

/** As bpf/peers.bpf.h decides. */
function byKernel(masks: PeerMasks, address: string, port: number): string {
  const own = networkOf(address);
  if (own === undefined) throw new Error(`${address} is no address`);
  const kind = own.family === 4 ? PEER_KIND.ipv4 : PEER_KIND.ipv6;
  const rules =
    (longest(masks, kind, own.prefix) ?? masks.anyAddress) &
    (longest(masks, PEER_KIND.port, BigInt(port)) ?? masks.anyPort);
  if (rules === 0n) return masks.includedOtherwise ? 'Include' : 'Exclude';
  const first = rules & -rules;
  if ((first & masks.byLabel) !== 0n) return 'ByLabel';
  return (first & masks.included) === 0n ? 'Exclude' : 'Include';
}

/** Few bits, so that networks overlap and addresses lie in several of them. */
const ADDRESSES = [
  '10.0.0.0',
  '10.0.0.1',
  '10.128.0.0',
  '138.0.0.0',
  '0.0.0.0',
  'fd00::',
  'fd00::1',
  'fd00:8000::',
  '::',
];
const address = fc.constantFrom(...ADDRESSES);
const cidr = fc
  .tuple(address, fc.nat({ max: 128 }))
  .map(([text, length]) => `${text}/${text.includes(':') ? length : length % 33}`);
const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(1, 2, 79, 80, 81, 65_534, 65_535));
const ports = fc.tuple(port, port).map(([a, b]) => (a === b ? String(a) : `${Math.min(a, b)}-${Math.max(a, b)}`));
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 6 });
const action = fc.constantFrom('Include' as const, 'Exclude' as const);
const bySocket = fc.record({ action, cidrs: list(cidr), ports: list(ports) }, { requiredKeys: ['action'] });
const byLabel = fc.record(
  { action, ports: list(ports), podSelector: fc.constant({}) },
  { requiredKeys: ['action', 'podSelector'] },
);
const peer: fc.Arbitrary<PlanPeer> = fc.oneof(bySocket, byLabel);

test('the masks decide as the first rule that matches, for every address and port', () => {
  fc.assert(
    fc.property(fc.array(peer, { minLength: 1, maxLength: 64 }), fc.array(fc.tuple(address, port)), (peers, ends) => {
      const rules = new PeerRules(peers, 'shop');
      const masks = peerMasks(peerRules(peers, 'shop'));
      for (const [remoteAddress, remotePort] of ends) {
        const expected = rules.bySocket({ role: ROLE.active, remoteAddress, remotePort, localPort: 1 });
        expect(byKernel(masks, remoteAddress, remotePort)).toBe(expected);
      }
    }),
    { numRuns: 300 },
  );
});

test('of 64 rules the last has the highest bit', () => {
  const peers = Array.from({ length: 64 }, (_, index) => ({ action: 'Include' as const, ports: [String(index + 1)] }));
  const masks = peerMasks(peerRules(peers, 'shop'));
  expect(masks.included).toBe(2n ** 64n - 1n);
  expect(longest(masks, PEER_KIND.port, 64n)).toBe(2n ** 63n);
});

function prefixesOf(range: string) {
  return peerMasks(peerRules([{ action: 'Include', ports: [range] }], '')).prefixes;
}

test('a range of ports takes the fewest prefixes', () => {
  expect(prefixesOf('8080')).toMatchObject([{ length: 16, prefix: 8080n }]);
  expect(prefixesOf('8192-16383')).toMatchObject([{ length: 3, prefix: 1n }]);
  // The worst range there is: all but the first port and the last.
  expect(prefixesOf('1-65534')).toHaveLength(30);
});

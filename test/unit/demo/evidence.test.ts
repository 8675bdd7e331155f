import { expect, it } from 'vitest';
import type { FlowJson } from '../../../scripts/demo/checks.ts';
import { checkEvidence, type Evidence } from '../../../scripts/demo/cluster/evidence.ts';
import { pairsTable } from '../../../scripts/demo/cluster/tables.ts';

/** The demo of a cluster says no where something is off: each promise is broken here, one at a time. */

const shop = {
  client: 'checkout-1',
  servers: { 'payments-a': 'payments-a-1', 'payments-b': 'payments-b-1' },
  service: { address: '198.19.0.9', port: 80 },
  unselected: { client: '198.18.2.9', server: { address: '198.18.1.9', port: 8080 } },
};
const [FIRST, SECOND] = ['00000000000000a1', '00000000000000b2'];

function source(id: string, port: number, answer: number): FlowJson {
  return {
    observer: 'source',
    node: 'node1',
    start: `2026-11-26T12:00:00.00${port % 10}Z`,
    'flow.id': id,
    'source.address': '198.18.1.4',
    'source.port': port,
    'destination.address': shop.service.address,
    'destination.port': shop.service.port,
    'source.bytes': 17,
    'destination.bytes': answer,
    'source.attribution': 'Exact',
    'source.k8s.pod.name': shop.client,
    'source.k8s.pod.uid': 'uid-checkout',
    'source.k8s.owner.name': 'checkout',
    'destination.k8s.pod.uid': `uid-${answer}`,
  };
}

function destination(id: string, port: number, server: 'payments-a' | 'payments-b'): FlowJson {
  const [node, answer] = server === 'payments-a' ? ['node1', 1_009] : ['node2', 2_003];
  return {
    observer: 'destination',
    node,
    'flow.id': id,
    'source.address': '198.18.1.4',
    'source.port': port,
    'destination.address': '198.18.2.5',
    'destination.port': 8080,
    'source.bytes': 17,
    'destination.bytes': answer,
    'destination.attribution': 'Exact',
    'destination.k8s.pod.name': shop.servers[server],
    'destination.k8s.pod.uid': `uid-${answer}`,
    'destination.k8s.owner.name': server,
  };
}

const records = [
  destination(FIRST, 41, 'payments-a'),
  destination(SECOND, 42, 'payments-b'),
  source(SECOND, 42, 2_003),
  source(FIRST, 41, 1_009),
];
const flows = { observed: 4, exported: 4, filtered: 0, sampledOut: 0, lost: 0 };
const ready = {
  type: 'Ready',
  status: 'True' as const,
  reason: 'NoPodsMatched',
  message: 'no pod in namespace shop has app=chekcout; 1 pod has app=checkout',
  lastTransitionTime: '2026-11-26T12:00:00Z',
};
const good: Evidence = {
  shop,
  connections: [
    { port: 41, sentBytes: 17, receivedBytes: 1_009 },
    { port: 42, sentBytes: 17, receivedBytes: 2_003 },
  ],
  records,
  checkout: { flows },
  typo: { flows: { ...flows, observed: 0, exported: 0 }, conditions: [ready] },
};

/** What is said no to, by the first words of its claim. */
function broken(change: Partial<Evidence>): string[] {
  return checkEvidence({ ...good, ...change })
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim);
}

function withRecord(at: number, fields: FlowJson): Partial<Evidence> {
  return { records: records.map((record, index) => (index === at ? { ...record, ...fields } : record)) };
}

it('says yes to seven promises when all is well', () => {
  expect(broken({})).toEqual([]);
  expect(checkEvidence(good)).toHaveLength(7);
});

it.each([
  ['a record is missing', { records: records.slice(1) }, '2 connections gave'],
  ['a record is there twice', { records: [...records, ...records.slice(0, 1)] }, '2 connections gave'],
  ['the halves are not joined', withRecord(0, { 'flow.id': 'ffffffffffffffff' }), '2 connections gave'],
  ['a byte is missing', withRecord(3, { 'source.bytes': 16 }), 'they are the connections'],
  ['another server has it', withRecord(1, { 'destination.k8s.pod.name': 'payments-a-1' }), 'they are the connections'],
  [
    'the dialled address was translated',
    withRecord(2, { 'destination.address': '198.18.2.5' }),
    'every client dialled',
  ],
  ['one server has all', { records: [destination(FIRST, 41, 'payments-a'), source(FIRST, 41, 1_009)] }, 'every client'],
  ['a name is not exact', withRecord(0, { 'destination.attribution': 'Ambiguous' }), 'each end names'],
  ['a far name is wrong', withRecord(3, { 'destination.k8s.pod.uid': 'uid-2003' }), 'each end names'],
  ['a pod that was not selected appears', withRecord(0, { 'source.address': '198.18.2.9' }), 'the pods of namespace'],
  ['one was lost', { checkout: { flows: { ...flows, exported: 3, lost: 1 } } }, 'the ledger'],
  ['nothing was counted', { checkout: {} }, 'the ledger'],
  ['the typing error goes untold', { typo: { flows: good.typo.flows ?? {} } }, 'the capture with the typing error'],
] as const)('says no when %s', (_, change, claim) => {
  expect(broken(change)).toContainEqual(expect.stringMatching(new RegExp(`^${claim}`)));
});

it('shows each connection in two lines: what the client dialled, and who answered', () => {
  const pair = { source: source(SECOND, 42, 2_003), destination: destination(SECOND, 42, 'payments-b') };
  expect(pairsTable([pair])).toBe(
    [
      'FLOW.ID           SEEN ON  CLIENT                    SERVER                        BYTES→  BYTES←',
      '00000000000000b2  node1    198.18.1.4:42 checkout-1  198.19.0.9:80                     17    2003',
      '00000000000000b2  node2    198.18.1.4:42             198.18.2.5:8080 payments-b-1      17    2003',
    ].join('\n'),
  );
});

/**
 * Rules about far sides as the kernel looks them up: for each prefix of an address or port the mask of the rules that cover
 * it, so that the longest prefix that is there tells all. Pure.
 */
import { type Network, WIDTHS } from '../../lib/network.ts';
import type { PortRange } from '../../plan/peers.ts';
import { PEER_KIND } from '../decode/layout.generated.ts';
import { otherwise, type PeerRule } from './peer-rules.ts';

/** struct peer_list of bpf/flow.h, and the entries that belong to it. Bit n of a mask is rule n. */
export interface PeerMasks {
  readonly anyAddress: bigint;
  readonly anyPort: bigint;
  readonly byLabel: bigint;
  readonly included: bigint;
  readonly includedOtherwise: boolean;
  readonly prefixes: readonly MaskedPrefix[];
}

export interface MaskedPrefix {
  readonly kind: number;
  /** The leading bits, as a number of `length` bits. */
  readonly prefix: bigint;
  readonly length: number;
  readonly mask: bigint;
}

type Prefix = Omit<MaskedPrefix, 'mask'>;

/** Bits of a key's value, by its kind. */
export const WIDTH_OF: Readonly<Record<number, number>> = {
  [PEER_KIND.port]: 16,
  [PEER_KIND.ipv4]: WIDTHS[4],
  [PEER_KIND.ipv6]: WIDTHS[6],
};

/** @param rules 64 at most. */
export function peerMasks(rules: readonly PeerRule[]): PeerMasks {
  const anyAddress = maskOf(rules, ({ networks }) => networks === undefined);
  const anyPort = maskOf(rules, ({ ports }) => ports === undefined);
  return {
    anyAddress,
    anyPort,
    byLabel: maskOf(rules, ({ pods }) => pods !== undefined),
    included: maskOf(rules, ({ action }) => action === 'Include'),
    includedOtherwise: otherwise(rules) === 'Include',
    prefixes: [
      ...nested(
        rules.map(({ networks = [] }) => networks.map(ofNetwork)),
        anyAddress,
      ),
      ...nested(
        rules.map(({ ports = [] }) => ports.flatMap(ofPorts)),
        anyPort,
      ),
    ],
  };
}

function maskOf(rules: readonly PeerRule[], holds: (rule: PeerRule) => boolean): bigint {
  return rules.reduce((mask, rule, index) => (holds(rule) ? mask | (1n << BigInt(index)) : mask), 0n);
}

/** Each prefix once, with the rules of every shorter one that covers it. @param any rules that every prefix has. */
function nested(byRule: readonly (readonly Prefix[])[], any: bigint): MaskedPrefix[] {
  const masked = new Map<string, MaskedPrefix>();
  for (const [index, prefixes] of byRule.entries()) {
    for (const prefix of prefixes) {
      const key = keyOf(prefix);
      const mask = (masked.get(key)?.mask ?? any) | (1n << BigInt(index));
      masked.set(key, { ...prefix, mask });
    }
  }
  const shortestFirst = [...masked.values()].toSorted((a, b) => a.length - b.length);
  const lengths = [...new Set(shortestFirst.map(({ length }) => length))];
  for (const prefix of shortestFirst) {
    const above = lengths
      .filter((length) => length < prefix.length)
      .map((length) =>
        masked.get(keyOf({ ...prefix, prefix: prefix.prefix >> BigInt(prefix.length - length), length })),
      )
      .findLast((candidate) => candidate !== undefined);
    if (above !== undefined) masked.set(keyOf(prefix), { ...prefix, mask: prefix.mask | above.mask });
  }
  return [...masked.values()];
}

function keyOf({ kind, prefix, length }: Prefix): string {
  return `${kind}/${length}/${prefix}`;
}

function ofNetwork({ family, prefix, length }: Network): Prefix {
  return { kind: family === 4 ? PEER_KIND.ipv4 : PEER_KIND.ipv6, prefix, length };
}

/** The fewest prefixes that hold these ports and no others. */
function ofPorts({ from, to }: PortRange): Prefix[] {
  const prefixes: Prefix[] = [];
  for (let first = from; first <= to; ) {
    let bits = 0;
    while (first % 2 ** (bits + 1) === 0 && first + 2 ** (bits + 1) - 1 <= to) bits++;
    prefixes.push({ kind: PEER_KIND.port, prefix: BigInt(first >> bits), length: 16 - bits });
    first += 2 ** bits;
  }
  return prefixes;
}

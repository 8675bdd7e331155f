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
  const single = byRule.flatMap((prefixes, index) =>
    prefixes.map(({ kind, prefix, length }) => ({ kind, prefix, length, mask: any | (1n << BigInt(index)) })),
  );
  const masked: MaskedPrefix[] = [];
  // Those that cover the one at hand, each within the one before: in this order they come before what they cover.
  const above: MaskedPrefix[] = [];
  for (const next of single.toSorted(coveringFirst)) {
    let top = above.at(-1);
    while (top !== undefined && !covers(top, next)) {
      above.pop();
      top = above.at(-1);
    }
    const mask = next.mask | (top?.mask ?? 0n);
    const whole = { kind: next.kind, prefix: next.prefix, length: next.length, mask };
    // The same prefix once more.
    if (top?.length === next.length) {
      above.pop();
      masked.pop();
    }
    above.push(whole);
    masked.push(whole);
  }
  return masked;
}

function coveringFirst(a: Prefix, b: Prefix): number {
  const [first, other] = [firstOf(a), firstOf(b)];
  if (a.kind !== b.kind) return a.kind - b.kind;
  if (first !== other) return first < other ? -1 : 1;
  return a.length - b.length;
}

function covers(outer: Prefix, inner: Prefix): boolean {
  const further = inner.length - outer.length;
  return outer.kind === inner.kind && further >= 0 && inner.prefix >> BigInt(further) === outer.prefix;
}

/** The first address, or port, that it covers. */
function firstOf({ kind, prefix, length }: Prefix): bigint {
  return prefix << BigInt((WIDTH_OF[kind] ?? 0) - length);
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

/** IP networks as people write them (`10.0.0.0/8`), as numbers: one form for each. */
import { addressBytes, canonicalAddress } from './address-type.ts';

/** Every address whose leading bits are these. */
export interface Network {
  readonly family: 4 | 6;
  /** The leading bits, as a number of `length` bits. */
  readonly prefix: bigint;
  /** 0 to 32, or to 128. */
  readonly length: number;
}

/** The bits of an address. */
export const WIDTHS = { 4: 32, 6: 128 } as const;

const MAPPED_PREFIX = 0xffffn;
const MAPPED_BITS = 96;
const LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/**
 * The network of this text; bits beyond the prefix may be set. Undefined when it is none. An IPv4-mapped network (RFC 4291,
 * 2.5.5.2) is the IPv4 network; an IPv6 network holds IPv6 addresses only, `::/0` too.
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', lengthText = '', ...rest] = text.split('/');
  if (rest.length > 0 || !LENGTH.test(lengthText)) return undefined;
  const bytes = addressBytes(address);
  const length = Number(lengthText);
  if (bytes === undefined || length > bytes.length * 8) return undefined;
  const bits = numberOf(bytes);
  const isMapped = bytes.length === 16 && length >= MAPPED_BITS && bits >> BigInt(WIDTHS[4]) === MAPPED_PREFIX;
  if (bytes.length === 4 || isMapped) {
    const own = isMapped ? length - MAPPED_BITS : length;
    return { family: 4, prefix: BigInt.asUintN(WIDTHS[4], bits) >> BigInt(WIDTHS[4] - own), length: own };
  }
  return { family: 6, prefix: bits >> BigInt(WIDTHS[6] - length), length };
}

/** The one text of a network: its first address, and the length of the prefix. */
export function formatNetwork({ family, prefix, length }: Network): string {
  const first = prefix << BigInt(WIDTHS[family] - length);
  const groups = family === 4 ? groupsOf(first, 4, 8).join('.') : groupsOf(first, 8, 16, 16).join(':');
  return `${canonicalAddress(groups) ?? groups}/${length}`;
}

/** An address in canonical text as the network that holds nothing else. */
export function networkOf(address: string): Network | undefined {
  return parseNetwork(`${address}/${address.includes(':') ? WIDTHS[6] : WIDTHS[4]}`);
}

/** Whether each address of `inner` is in `outer`. */
export function holds(outer: Network, inner: Network): boolean {
  const further = inner.length - outer.length;
  return outer.family === inner.family && further >= 0 && inner.prefix >> BigInt(further) === outer.prefix;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function groupsOf(value: bigint, count: number, bits: number, radix = 10): string[] {
  return Array.from({ length: count }, (_, index) =>
    BigInt.asUintN(bits, value >> BigInt(bits * (count - 1 - index))).toString(radix),
  );
}

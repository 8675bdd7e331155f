/**
 * Textual IP addresses as a person or an inventory writes them: one canonical text for each, and what kind it is.
 *
 * Addresses are compared as text all over Weir, so whatever comes from outside goes through `canonicalAddress` first.
 */

export type AddressType = 'private' | 'public' | 'loopback' | 'multicast' | 'linkLocal' | 'unspecified';

const LONGEST_TEXT = 45; // eight groups, the last two written as IPv4
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/**
 * The address' bytes in network order: 4 for IPv4 and for IPv4-mapped IPv6 (RFC 4291, 2.5.5.2), else 16. Undefined when
 * the text is no address; a zone (`%eth0`), a prefix length and octets with leading zeros are none.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes !== undefined && isMapped(bytes) ? bytes.subarray(12) : bytes;
}

/** The one text of an address (RFC 5952; IPv4-mapped IPv6 as IPv4), or undefined when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const bytes = parseAddress(text);
  if (bytes === undefined) return undefined;
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

/**
 * What kind of address these 4 or 16 bytes are. `private` is what never crosses the Internet: RFC 1918, the shared space
 * of RFC 6598, the benchmarking networks of RFC 2544 and the unique local addresses of RFC 4193.
 */
export function addressTypeOf(bytes: Uint8Array): AddressType {
  if (bytes.length === 16 && !isMapped(bytes)) return ipv6Type(bytes);
  const [a = 0, b = 0, c = 0, d = 0] = bytes.length === 16 ? bytes.subarray(12) : bytes;
  if (a === 127) return 'loopback';
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168)) return 'private';
  if ((a === 100 && b >> 6 === 1) || (a === 198 && b >> 1 === 9)) return 'private';
  if (a === 169 && b === 254) return 'linkLocal';
  if (a >> 4 === 14) return 'multicast';
  return (a | b | c | d) === 0 ? 'unspecified' : 'public';
}

/** Whether this text is an address that never leaves its network namespace. */
export function isLoopback(text: string): boolean {
  return text === '::1' || text.startsWith('127.');
}

function ipv6Type(bytes: Uint8Array): AddressType {
  const [a = 0, b = 0] = bytes;
  if (a === 0xff) return 'multicast';
  if (a === 0xfe && b >> 6 === 2) return 'linkLocal';
  if (a >> 1 === 0x7e) return 'private';
  if (bytes.subarray(0, 15).some((byte) => byte !== 0)) return 'public';
  if (bytes[15] === 0) return 'unspecified';
  return bytes[15] === 1 ? 'loopback' : 'public';
}

function isMapped(bytes: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) < 256)) return undefined;
  return Uint8Array.from(octets, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const front = groupsOf(head, tail === undefined);
  const back = tail === undefined ? [] : groupsOf(tail, true);
  if (front === undefined || back === undefined) return undefined;
  const missing = 8 - front.length - back.length;
  // "::" stands for at least one group (RFC 4291, 2.2); without it all eight must be written.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...front, ...Array.from({ length: missing }, () => 0), ...back];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups of one side of "::"; only the very end of an address may be written as IPv4. */
function groupsOf(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const ipv4 = atEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 === undefined) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = ipv4;
    groups.push((a << 8) | b, (c << 8) | d);
  }
  return groups;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  const gap = longestZeroRun(groups);
  const text = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return gap.length < 2 ? text(0, 8) : `${text(0, gap.start)}::${text(gap.start + gap.length, 8)}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

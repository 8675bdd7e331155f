/**
 * Textual IP addresses as a person or an inventory writes them: one canonical text for each, and what kind it is.
 *
 * Addresses are compared as text all over Weir, so whatever comes from outside goes through `canonicalAddress` first.
 */
import { formatIpv4, formatIpv6 } from './ip.ts';

export type AddressType = 'private' | 'public' | 'loopback' | 'multicast' | 'linkLocal' | 'unspecified';

const LONGEST_TEXT = 45; // eight groups, the last two written as IPv4
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const ZERO = 48; // '0'

/**
 * The one text of an address: RFC 5952, an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) as IPv4. Undefined when the text
 * is no address; a zone (`%eth0`), a prefix length and octets with leading zeros are none.
 */
export function canonicalAddress(text: string): string | undefined {
  const bytes = addressBytes(text);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer);
  return bytes.length === 4 ? formatIpv4(view, 0) : formatIpv6(view, 0);
}

/** The 4 or 16 bytes of an address as it is written: an IPv4-mapped one has 16. Undefined as for `canonicalAddress`. */
export function addressBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * What kind of address this canonical text is. `private` is what never crosses the Internet: RFC 1918, the shared space
 * of RFC 6598, the benchmarking networks of RFC 2544 and the unique local addresses of RFC 4193.
 */
export function addressType(text: string): AddressType {
  return text.includes(':') ? ipv6Type(text) : ipv4Type(text);
}

/** Whether this canonical text is an address that never leaves its network namespace. */
export function isLoopback(text: string): boolean {
  return text === '::1' || text.startsWith('127.');
}

/** Reads two octets by hand: this is asked for both ends of every flow. */
function ipv4Type(text: string): AddressType {
  const dot = text.indexOf('.');
  const a = octetAt(text, 0, dot);
  const b = octetAt(text, dot + 1, text.indexOf('.', dot + 1));
  if (a === 127) return 'loopback';
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168)) return 'private';
  if ((a === 100 && b >> 6 === 1) || (a === 198 && b >> 1 === 9)) return 'private';
  if (a === 169 && b === 254) return 'linkLocal';
  if (a >> 4 === 14) return 'multicast';
  return text === '0.0.0.0' ? 'unspecified' : 'public';
}

function octetAt(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index++) value = value * 10 + text.charCodeAt(index) - ZERO;
  return value;
}

function ipv6Type(text: string): AddressType {
  if (text === '::') return 'unspecified';
  if (text === '::1') return 'loopback';
  const first = Number.parseInt(text.slice(0, text.indexOf(':')), 16);
  if (first >> 8 === 0xff) return 'multicast';
  if (first >> 6 === 0xfe80 >> 6) return 'linkLocal';
  return first >> 9 === 0xfc00 >> 9 ? 'private' : 'public';
}

function parseIpv4(text: string): Uint8Array<ArrayBuffer> | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) < 256)) return undefined;
  return Uint8Array.from(octets, Number);
}

function parseIpv6(text: string): Uint8Array<ArrayBuffer> | undefined {
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

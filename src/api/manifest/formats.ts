const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const IPV6_GROUP = /^[0-9A-Fa-f]{1,4}$/;

/** The formats that a schema may name, with the words for what each one expects. */
export const FORMATS = {
  int32: { expected: 'an integer of 32 bits', accepts: (value: number) => value >= -(2 ** 31) && value < 2 ** 31 },
  int64: { expected: 'an integer of 64 bits', accepts: (value: number) => value >= -(2 ** 63) && value < 2 ** 63 },
  cidr: { expected: 'an IPv4 or IPv6 network', accepts: isCidr },
  'date-time': { expected: 'a time of RFC 3339', accepts: isDateTime },
} as const;

/** Address and prefix length, as Go's net.ParseCIDR takes them: no zone, no leading zeros, host bits may be set. */
export function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return false;
  if (IPV4.test(address)) return Number(prefix) <= 32;
  return isIpv6(address) && Number(prefix) <= 128;
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  // An IPv4 address may stand for the last two groups (RFC 4291, 2.2), unless it is followed by the gap.
  const mapped = last !== undefined && IPV4.test(last) && text.endsWith(last);
  const hexadecimal = mapped ? groups.slice(0, -1) : groups;
  if (!hexadecimal.every((group) => IPV6_GROUP.test(group))) return false;
  const count = hexadecimal.length + (mapped ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}

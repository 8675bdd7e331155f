/** Textual IP addresses from the bytes of the wire; hot, so written without regular expressions or arrays. */

const MAPPED_GROUPS = 5;

/** Four bytes in network order as dotted decimal. */
export function formatIpv4(view: DataView, at: number): string {
  return `${view.getUint8(at)}.${view.getUint8(at + 1)}.${view.getUint8(at + 2)}.${view.getUint8(at + 3)}`;
}

/** Sixteen bytes in network order as RFC 5952 writes them; an IPv4-mapped address (RFC 4291, 2.5.5.2) as IPv4. */
export function formatIpv6(view: DataView, at: number): string {
  if (isMapped(view, at)) return formatIpv4(view, at + 12);
  const { start, length } = longestZeroRun(view, at);
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === start) {
      text += '::';
      group += length - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += view.getUint16(at + group * 2).toString(16);
  }
  return text;
}

function isMapped(view: DataView, at: number): boolean {
  for (let group = 0; group < MAPPED_GROUPS; group++) if (view.getUint16(at + group * 2) !== 0) return false;
  return view.getUint16(at + MAPPED_GROUPS * 2) === 0xffff;
}

/** The first longest run of at least two zero groups; start −1 when there is none. */
function longestZeroRun(view: DataView, at: number): { start: number; length: number } {
  let start = -1;
  let longest = 1;
  for (let group = 0; group < 8; group++) {
    let end = group;
    while (end < 8 && view.getUint16(at + end * 2) === 0) end++;
    if (end - group > longest) {
      start = group;
      longest = end - group;
    }
    if (end > group) group = end;
  }
  return { start, length: longest };
}

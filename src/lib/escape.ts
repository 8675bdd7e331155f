/**
 * Text from outside, made harmless for where it goes: process names, DNS names and paths are what the workload says.
 */

/** Cuts text to `maxLength` UTF-16 code units, `…` included, and never between the halves of a surrogate pair. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? maxLength - 2 : maxLength - 1;
  return `${text.slice(0, end)}…`;
}

// Control, format (bidi overrides and zero-width characters), private, unassigned, lone surrogates, line separators.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const PRINTABLE_ASCII = /^[ -~]*$/;

/** Shows every character that a terminal would obey, hide or reorder as `\x1b` or `\u202e`. */
export function escapeForTerminal(text: string): string {
  return PRINTABLE_ASCII.test(text) ? text : text.replace(UNPRINTABLE, escapeCodePoint);
}

function escapeCodePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

const PLAIN_JSON = /^[ !#-[\]-~]*$/;
// What JSON allows as it is, but a terminal that is shown the line obeys: DEL and C1 controls, line separators, bidi.
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A JSON string, quotes included, that also `cat` on a terminal can show safely. */
export function jsonString(text: string): string {
  return PLAIN_JSON.test(text) ? `"${text}"` : JSON.stringify(text).replace(OBEYED, escapeUnit);
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

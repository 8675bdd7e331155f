import { cutText, escapeForTerminal } from '../lib/escape.ts';
import { compareText } from './canonical.ts';

/** Names of objects: their order, and how messages speak of them. */

const SHOWN_LENGTH = 253; // the longest name that Kubernetes allows
const SHOWN_NAMES = 8;

/** Order of two `namespace/name` by namespace, then by name: "-" and "." sort below "/", so the whole text will not do. */
export function compareNames(a: string, b: string): number {
  const [namespaceA = '', nameA = ''] = a.split('/');
  const [namespaceB = '', nameB = ''] = b.split('/');
  return compareText(namespaceA, namespaceB) || compareText(nameA, nameB);
}

/** Names come out of files that anyone wrote: made harmless for a terminal, and cut. */
export function shown(text: string): string {
  return escapeForTerminal(cutText(text, SHOWN_LENGTH));
}

/** `a, b, c and 4 more`. */
export function list(names: readonly string[]): string {
  const first = names.slice(0, SHOWN_NAMES).map(shown).join(', ');
  return names.length > SHOWN_NAMES ? `${first} and ${names.length - SHOWN_NAMES} more` : first;
}

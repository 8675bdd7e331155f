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

/** The candidate that differs least from `name`, if it is near enough to be a slip of the keyboard. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least || candidate.length > SHOWN_LENGTH) continue;
    const distance = editDistance(name, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

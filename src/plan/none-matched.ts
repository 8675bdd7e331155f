import { nearest } from '../api/manifest/nearest.ts';
import { compareText } from './canonical.ts';
import { list, shown } from './names.ts';
import { type LabelSelector, type Labels, selects } from './selector.ts';

/** What a selector selects from. */
export interface Candidates {
  readonly kind: 'pod' | 'node' | 'namespace';
  /** Where they are, in words, such as `in namespace shop`; empty: in the cluster. */
  readonly where: string;
  readonly labels: readonly Labels[];
}

/** Why a selector selects nothing, and what was probably meant: the existing value nearest to the one that nothing has. */
export function noneMatched(selector: LabelSelector, candidates: Candidates): string {
  const { kind, where, labels: all } = candidates;
  const none = where === '' ? `no ${kind}` : `no ${kind} ${where}`;
  if (all.length === 0) return kind === 'pod' ? `no pod runs ${where}` : `there is ${none}`;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (all.some((labels) => labels[key] === value)) continue;
    return `${none} has ${shown(key)}=${shown(value)}${suggestion(key, value, candidates)}`;
  }
  for (const requirement of selector.matchExpressions ?? []) {
    if (all.some((labels) => selects({ matchExpressions: [requirement] }, labels))) continue;
    const { key, operator, values = [] } = requirement;
    const words = {
      In: `in (${list(values)})`,
      NotIn: `not in (${list(values)})`,
      Exists: 'there',
      DoesNotExist: 'absent',
    };
    const [first = ''] = values;
    return `${none} has ${shown(key)} ${words[operator]}${operator === 'In' ? suggestion(key, first, candidates) : ''}`;
  }
  return `${none} has all of the labels that are asked for, though each is there: see kubectl get ${kind}s --show-labels`;
}

/** `; 12 pods have app=checkout`, or which keys there are. */
function suggestion(key: string, value: string, { kind, labels: all }: Candidates): string {
  const counts = new Map<string, number>();
  for (const labels of all) {
    const there = labels[key];
    if (there !== undefined) counts.set(there, (counts.get(there) ?? 0) + 1);
  }
  const values = [...counts].toSorted(([a, m], [b, n]) => n - m || compareText(a, b)).map(([text]) => text);
  if (values.length === 0) return keySuggestion(key, kind, all);
  const meant = nearest(value, values);
  if (meant === undefined) return `; there are: ${list(values.map((text) => `${key}=${text}`))}`;
  const count = counts.get(meant) ?? 0;
  return `; ${count} ${kind}${count === 1 ? ' has' : 's have'} ${shown(key)}=${shown(meant)}`;
}

function keySuggestion(key: string, kind: Candidates['kind'], all: readonly Labels[]): string {
  const keys = [...new Set(all.flatMap((labels) => Object.keys(labels)))].toSorted(compareText);
  const meant = nearest(key, keys);
  if (meant !== undefined) return `, nor any other label ${shown(key)}; did you mean ${shown(meant)}?`;
  return keys.length === 0
    ? `; the ${kind}s there have no labels`
    : `, nor any other label ${shown(key)}; there are: ${list(keys)}`;
}

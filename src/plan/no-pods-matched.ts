import { nearest } from '../api/manifest/nearest.ts';
import { compareText } from './canonical.ts';
import { list, shown } from './names.ts';
import { type LabelSelector, type Labels, selects } from './selector.ts';

/**
 * Why a selector selects no pod, and what was probably meant: the existing value nearest to the one that no pod has.
 *
 * @param where - The namespaces, in words: `namespace shop`.
 * @param pods - Labels of every pod there.
 */
export function noPodsMatched(selector: LabelSelector, where: string, pods: readonly Labels[]): string {
  if (pods.length === 0) return `no pod runs in ${where}`;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (pods.some((labels) => labels[key] === value)) continue;
    return `no pod in ${where} has ${shown(key)}=${shown(value)}${suggestion(key, value, pods)}`;
  }
  for (const requirement of selector.matchExpressions ?? []) {
    if (pods.some((labels) => selects({ matchExpressions: [requirement] }, labels))) continue;
    const { key, operator, values = [] } = requirement;
    const words = {
      In: `in (${list(values)})`,
      NotIn: `not in (${list(values)})`,
      Exists: 'there',
      DoesNotExist: 'absent',
    };
    const [first = ''] = values;
    return `no pod in ${where} has ${shown(key)} ${words[operator]}${operator === 'In' ? suggestion(key, first, pods) : ''}`;
  }
  return `no pod in ${where} has all of the labels that are asked for, though each is there: see kubectl get pods --show-labels`;
}

/** `; 12 pods have app=checkout`, or which keys there are. */
function suggestion(key: string, value: string, pods: readonly Labels[]): string {
  const counts = new Map<string, number>();
  for (const labels of pods) {
    const there = labels[key];
    if (there !== undefined) counts.set(there, (counts.get(there) ?? 0) + 1);
  }
  const values = [...counts].toSorted(([a, m], [b, n]) => n - m || compareText(a, b)).map(([text]) => text);
  if (values.length === 0) return keySuggestion(key, pods);
  const meant = nearest(value, values);
  if (meant === undefined) return `; there are: ${list(values.map((text) => `${key}=${text}`))}`;
  const count = counts.get(meant) ?? 0;
  return `; ${count} ${count === 1 ? 'pod has' : 'pods have'} ${shown(key)}=${shown(meant)}`;
}

function keySuggestion(key: string, pods: readonly Labels[]): string {
  const keys = [...new Set(pods.flatMap((labels) => Object.keys(labels)))].toSorted(compareText);
  const meant = nearest(key, keys);
  if (meant !== undefined) return `, nor any other label ${shown(key)}; did you mean ${shown(meant)}?`;
  return keys.length === 0
    ? '; the pods there have no labels'
    : `, nor any other label ${shown(key)}; there are: ${list(keys)}`;
}

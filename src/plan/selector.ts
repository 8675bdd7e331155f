import type { FieldPath } from '../api/manifest/problem.ts';
import { canonicalJson, compareText } from './canonical.ts';
import { list, shown } from './names.ts';

/** metav1.LabelSelector, as far as a plan is concerned. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** A fault inside a selector; `path` is relative to the selector. */
export interface SelectorFault {
  readonly path: FieldPath;
  readonly message: string;
}

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Whether the selector selects these labels; an empty selector selects all. What an absent one means, the caller knows. */
export function selects(selector: LabelSelector, labels: Labels): boolean {
  const pairs = Object.entries(selector.matchLabels ?? {});
  if (!pairs.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)) return false;
  return (selector.matchExpressions ?? []).every((requirement) => satisfies(requirement, labels));
}

/** Whether the selector has no requirement at all. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** The same selector in the one form that is written into a plan: what is empty left out, lists sorted, no value twice. */
export function normalSelector(selector: LabelSelector): LabelSelector {
  const expressions = (selector.matchExpressions ?? [])
    .map(({ key, operator, values = [] }) =>
      values.length === 0 ? { key, operator } : { key, operator, values: [...new Set(values)].toSorted(compareText) },
    )
    .toSorted((a, b) => compareText(canonicalJson(a), canonicalJson(b)));
  return {
    ...(Object.keys(selector.matchLabels ?? {}).length > 0 && { matchLabels: { ...selector.matchLabels } }),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

/** What the Kubernetes API would refuse in this selector (apimachinery, validation of LabelSelector). */
export function selectorFaults(selector: LabelSelector): SelectorFault[] {
  const faults: SelectorFault[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const path = ['matchLabels', key];
    faults.push(...keyFaults(key, path), ...valueFaults(value, path));
  }
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const path = ['matchExpressions', index];
    faults.push(...keyFaults(key, [...path, 'key']));
    const wantsValues = operator === 'In' || operator === 'NotIn';
    if (wantsValues && values.length === 0) {
      faults.push({ path: [...path, 'values'], message: `${operator} needs at least one value in "values"` });
    } else if (!wantsValues && values.length > 0) {
      const message = `${operator} takes no values: leave "values" out, or write In or NotIn with ${list(values)}`;
      faults.push({ path: [...path, 'values'], message });
    }
    faults.push(...values.flatMap((value, at) => valueFaults(value, [...path, 'values', at])));
  }
  return faults;
}

function satisfies({ key, operator, values = [] }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  // Kubernetes: NotIn selects what does not have the key at all, too.
  if (operator === 'In' || operator === 'NotIn') {
    return (value !== undefined && values.includes(value)) === (operator === 'In');
  }
  return (value !== undefined) === (operator === 'Exists');
}

function keyFaults(key: string, path: FieldPath): SelectorFault[] {
  const slash = key.indexOf('/');
  const legal = NAME.test(key.slice(slash + 1)) && (slash < 0 || PREFIX.test(key.slice(0, slash)));
  if (legal) return [];
  const message = `"${shown(key)}" is no label key: write up to 63 letters, digits, "-", "_" or ".", optionally after a DNS name and "/"`;
  return [{ path, message }];
}

function valueFaults(value: string, path: FieldPath): SelectorFault[] {
  if (value === '' || NAME.test(value)) return [];
  return [{ path, message: `"${shown(value)}" is no label value: write up to 63 letters, digits, "-", "_" or "."` }];
}

import { nameOf } from './compile.ts';
import { shown } from './names.ts';
import type { CaptureObject } from './objects.ts';
import type { PlanProblem } from './problem.ts';
import { isEmptySelector } from './selector.ts';

/**
 * The captures that select by label, where no pod is known that could have one: without an inventory only an empty
 * selector has a meaning, everything on this machine.
 */
export function inventoryNeeded(captures: readonly CaptureObject[]): PlanProblem<CaptureObject>[] {
  const problems: PlanProblem<CaptureObject>[] = [];
  for (const source of captures) {
    problems.push(...peersByLabel(source));
    for (const field of ['podSelector', 'namespaceSelector'] as const) {
      if (source.spec.suspend === true || isEmptySelector(source.spec[field] ?? {})) continue;
      const message =
        `FlowCapture ${shown(nameOf(source))} selects by label, but no pods are known here: ` +
        `name them with --inventory FILE, or leave spec.${field} out to capture everything on this machine`;
      problems.push({
        source,
        path: ['spec', field],
        reason: 'InventoryNeeded',
        message,
        expected: 'an empty selector, or an inventory',
      });
    }
  }
  return problems;
}

/** Whoever is at the far end, nobody here could say which labels it has. */
function peersByLabel(source: CaptureObject): PlanProblem<CaptureObject>[] {
  if (source.spec.suspend === true) return [];
  return (source.spec.peers ?? []).flatMap((peer, index) => {
    const field = (['podSelector', 'namespaceSelector'] as const).find((name) => peer[name] !== undefined);
    if (field === undefined) return [];
    const message =
      `FlowCapture ${shown(nameOf(source))} means peers by label, but no pods are known here: ` +
      'name them with --inventory FILE, or mean them by cidrs and ports';
    const path = ['spec', 'peers', index, field];
    return [{ source, path, reason: 'InventoryNeeded', message, expected: 'cidrs and ports, or an inventory' }];
  });
}

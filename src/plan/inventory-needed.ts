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

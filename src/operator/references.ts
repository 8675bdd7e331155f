import { type Verdict, verdict } from '../api/conditions.ts';
import { compilePlan } from '../plan/compile.ts';
import { shown } from '../plan/names.ts';
import { PROGRAMS } from '../plan/programs.ts';
import { selects } from '../plan/selector.ts';
import { isAccepted } from './acceptance.ts';
import type { Capture, Export } from './state/objects.ts';
import { exportKeys, namespaceLabels, type State } from './state/state.ts';

/** Whether a capture may use every export that it names: the condition ResolvedRefs, by the plan compiler's own rules. */
export function resolveReferences(state: State, capture: Capture): Verdict {
  const named = exportKeys(capture);
  const { problems } = compilePlan({
    captures: [capture.object],
    exports: visibleExports(state, capture, named).map(({ object }) => object),
    node: { name: '', programs: PROGRAMS },
    namespaceLabels: (namespace) => namespaceLabels(state, namespace),
  });
  for (const { reason, message, path } of problems) {
    if (reason !== 'ExportNotFound' && reason !== 'ExportNotAllowed') continue;
    const key = named[Number(path[2])] ?? '';
    const isOwn = key.startsWith(`${capture.namespace}/`);
    if (isOwn) return verdict('FlowCapture', 'ResolvedRefs', reason, message);
    return verdict('FlowCapture', 'ResolvedRefs', 'ExportNotAllowed', notAllowed(key, capture.namespace));
  }
  const refused = named.flatMap((key) => state.exports.get(key) ?? []).find(({ accepted }) => !isAccepted(accepted));
  if (refused !== undefined) {
    const message = `FlowExport ${shown(refused.key)} is not accepted: see its condition Accepted`;
    return verdict('FlowCapture', 'ResolvedRefs', 'ExportNotAccepted', message);
  }
  const message =
    named.length === 0 ? 'no export is named: flows are counted and go nowhere' : 'every export can be used';
  return verdict('FlowCapture', 'ResolvedRefs', 'ResolvedRefs', message);
}

/** Those that it names, and those that it could name: a message must not tell a tenant of others' exports. */
function visibleExports(state: State, { namespace }: Capture, named: readonly string[]): Export[] {
  return Array.from(state.exports.values()).filter((candidate) => {
    // It is as good as gone, and in no plan.
    if (candidate.terminating) return false;
    if (candidate.namespace === namespace || named.includes(candidate.key)) return true;
    const { from, selector } = candidate.object.spec.allowedNamespaces;
    return from === 'All' || (selector !== undefined && selects(selector, namespaceLabels(state, namespace)));
  });
}

/** The same whether it exists or not: what there is in a namespace is not everybody's to know. */
function notAllowed(key: string, namespace: string): string {
  return (
    `FlowExport ${shown(key)} does not allow namespace ${shown(namespace)}, or does not exist: set allowedNamespaces there to ` +
    '{from: All}, or to {from: Selector} with a selector of that namespace'
  );
}

import { shown } from '../../../plan/names.ts';
import type { Labels } from '../../../plan/selector.ts';
import type { Capture } from '../../state/objects.ts';
import { hasNode, namespacesOf } from '../../state/scope.ts';
import { isWide, type State } from '../../state/state.ts';
import type { Missed } from './facts.ts';

/**
 * Which selector of a capture is to blame that it selects no pod: that of namespaces, of nodes, or of pods, in this order.
 *
 * @param passed labels of every pod in scope.
 */
export function whatMissed(state: State, capture: Capture, passed: readonly Labels[]): Missed {
  const { namespaceSelector, nodeSelector, podSelector = {} } = capture.object.spec;
  if (isWide(capture, state.operatorNamespace) && namespacesOf(state, capture).length === 0) {
    return of(namespaceSelector, 'namespace', state.namespaces.values());
  }
  if (nodeSelector !== undefined && !hasNode(state, capture)) return of(nodeSelector, 'node', state.nodes.values());
  return { selector: podSelector, candidates: { kind: 'pod', where: scopeText(capture), labels: passed } };
}

function of(
  selector: Missed['selector'] = {},
  kind: 'namespace' | 'node',
  all: Iterable<{ readonly labels: Labels }>,
): Missed {
  return { selector, candidates: { kind, where: '', labels: Array.from(all, ({ labels }) => labels) } };
}

function scopeText({ object, namespace }: Capture): string {
  const { namespaceSelector, nodeSelector } = object.spec;
  const where =
    namespaceSelector === undefined
      ? `in namespace ${shown(namespace)}`
      : 'in the namespaces of spec.namespaceSelector';
  return nodeSelector === undefined ? where : `${where} on the nodes of spec.nodeSelector`;
}

import { type Verdict, verdict } from '../api/conditions.ts';
import { notHonouredInCluster } from '../api/honoured.ts';
import { formatPath } from '../api/manifest/problem.ts';
import type { FlowCapture, FlowExport } from '../api/types.generated.ts';
import { peerFaults } from '../plan/peers.ts';
import { selectorFaults } from '../plan/selector.ts';

/** Whether an object may run at all, by itself alone: the condition Accepted. What is not accepted is in no plan. */

export function acceptCapture(object: FlowCapture, operatorNamespace: string): Verdict {
  const { namespace = '' } = object.metadata;
  const [unhonoured] = notHonouredInCluster('FlowCapture', object);
  if (unhonoured !== undefined) {
    return verdict('FlowCapture', 'Accepted', 'NotSupportedYet', `${unhonoured.path}: ${unhonoured.message}`);
  }
  if (namespace !== operatorNamespace) {
    const greedy = intoOtherNamespaces(object.spec);
    if (greedy !== undefined) {
      const message =
        `${greedy.what} is obeyed in namespace ${operatorNamespace} only, and this capture is in ${namespace}: ` +
        `remove it to ${greedy.instead} of this namespace, or have the capture created there`;
      return verdict('FlowCapture', 'Accepted', 'NamespaceNotPermitted', message);
    }
  }
  for (const field of ['podSelector', 'namespaceSelector', 'nodeSelector'] as const) {
    const [fault] = selectorFaults(object.spec[field] ?? {});
    if (fault === undefined) continue;
    const path = formatPath(['spec', field, ...fault.path]);
    return verdict('FlowCapture', 'Accepted', 'InvalidSelector', `${path}: ${fault.message}`);
  }
  const [fault] = peerFaults(object.spec.peers ?? []);
  if (fault !== undefined) {
    const path = formatPath(['spec', 'peers', ...fault.path]);
    return verdict('FlowCapture', 'Accepted', fault.reason, `${path}: ${fault.message}`);
  }
  return verdict('FlowCapture', 'Accepted', 'Accepted', 'the capture is legal');
}

/** What looks at pods of other namespaces, or at whose pods they are; the chart's admission policy says it in the same words. */
function intoOtherNamespaces({ namespaceSelector, peers = [] }: FlowCapture['spec']) {
  if (namespaceSelector !== undefined) return { what: 'spec.namespaceSelector', instead: 'capture the pods' };
  const isGreedy = peers.some((peer) => peer.namespaceSelector !== undefined);
  return isGreedy ? { what: 'a namespaceSelector in spec.peers', instead: 'mean pods' } : undefined;
}

export function acceptExport(object: FlowExport, operatorNamespace: string): Verdict {
  const { namespace = '' } = object.metadata;
  const [unhonoured] = notHonouredInCluster('FlowExport', object);
  if (unhonoured !== undefined) {
    return verdict('FlowExport', 'Accepted', 'NotSupportedYet', `${unhonoured.path}: ${unhonoured.message}`);
  }
  const local = (['stdout', 'file'] as const).find((name) => object.spec[name] !== undefined);
  if (local !== undefined && namespace !== operatorNamespace) {
    const message =
      `spec.${local} is legal in namespace ${operatorNamespace} only, since it writes on the nodes, and this export is in ` +
      `${namespace}: have it created there, with spec.allowedNamespaces for namespace ${namespace}`;
    return verdict('FlowExport', 'Accepted', 'NamespaceNotPermitted', message);
  }
  return verdict('FlowExport', 'Accepted', 'Accepted', 'the export is legal');
}

export function isAccepted({ status }: Verdict): boolean {
  return status === 'True';
}

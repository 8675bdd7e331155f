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
  if (object.spec.namespaceSelector !== undefined && namespace !== operatorNamespace) {
    const message =
      `spec.namespaceSelector is obeyed in namespace ${operatorNamespace} only, and this capture is in ${namespace}: ` +
      'remove it to capture the pods of this namespace, or have the capture created there';
    return verdict('FlowCapture', 'Accepted', 'NamespaceNotPermitted', message);
  }
  for (const field of ['podSelector', 'namespaceSelector', 'nodeSelector'] as const) {
    const [fault] = selectorFaults(object.spec[field] ?? {});
    if (fault === undefined) continue;
    const path = formatPath(['spec', field, ...fault.path]);
    return verdict('FlowCapture', 'Accepted', 'InvalidSelector', `${path}: ${fault.message}`);
  }
  const peers = object.spec.peers ?? [];
  const outside =
    namespace === operatorNamespace ? -1 : peers.findIndex((peer) => peer.namespaceSelector !== undefined);
  if (outside >= 0) {
    const message =
      `spec.peers[${outside}].namespaceSelector is obeyed in namespace ${operatorNamespace} only, and this capture is in ` +
      `${namespace}: remove it to mean pods of this namespace, or have the capture created there`;
    return verdict('FlowCapture', 'Accepted', 'NamespaceNotPermitted', message);
  }
  const [fault] = peerFaults(peers);
  if (fault !== undefined) {
    const path = formatPath(['spec', 'peers', ...fault.path]);
    return verdict('FlowCapture', 'Accepted', fault.reason, `${path}: ${fault.message}`);
  }
  return verdict('FlowCapture', 'Accepted', 'Accepted', 'the capture is legal');
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

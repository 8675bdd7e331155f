import { FLOW_EXPORTS } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { OwnWrites } from '../../../kube/own-writes.ts';
import type { Export } from '../../state/objects.ts';
import { reduceExport } from '../../state/reduce.ts';
import type { State } from '../../state/state.ts';
import { type Controller, UNCHANGED } from '../controller.ts';
import { applyExport } from './apply.ts';
import { gatherExport } from './gather.ts';
import { planExport } from './plan.ts';

/** Keeps the status of FlowExports true. @param now ms since the epoch. */
export function exportController(state: State, client: KubeClient, now: () => number): Controller {
  const own = new OwnWrites<Export>();
  return {
    name: 'export',
    kind: FLOW_EXPORTS.kind,
    async reconcile(key) {
      const target = own.current(key, state.exports.get(key));
      if (target === undefined || target.terminating) return UNCHANGED;
      const written = await applyExport(client, target, planExport(gatherExport(state, target), now()));
      if (written !== undefined) own.record(key, reduceExport(written, state.operatorNamespace));
      return { written };
    },
  };
}

import { FLOW_CAPTURES } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { OwnWrites } from '../../../kube/own-writes.ts';
import type { Capture } from '../../state/objects.ts';
import { reduceCapture } from '../../state/reduce.ts';
import type { State } from '../../state/state.ts';
import { type Controller, UNCHANGED } from '../controller.ts';
import { applyCapture } from './apply.ts';
import { gatherCapture } from './gather.ts';
import { planCapture } from './plan.ts';

/** Keeps the status of FlowCaptures true. @param now ms since the epoch. */
export function captureController(state: State, client: KubeClient, now: () => number): Controller {
  const own = new OwnWrites<Capture>();
  return {
    name: 'capture',
    kind: FLOW_CAPTURES.kind,
    async reconcile(key) {
      const capture = own.current(key, state.captures.get(key));
      if (capture === undefined || capture.terminating) {
        state.podless.delete(key);
        return UNCHANGED;
      }
      const facts = gatherCapture(state, capture);
      if (facts.matchedPods === 0) state.podless.add(key);
      else state.podless.delete(key);
      const { status, recheckMillis } = planCapture(facts, now());
      const written = await applyCapture(client, capture, status);
      if (written !== undefined) own.record(key, reduceCapture(written, state.operatorNamespace));
      return { written, recheckMillis };
    },
  };
}

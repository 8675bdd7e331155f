import { FLOW_AGENTS } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { OwnWrites } from '../../../kube/own-writes.ts';
import type { Agent } from '../../state/objects.ts';
import { reduceAgent } from '../../state/reduce.ts';
import type { State } from '../../state/state.ts';
import { type Controller, UNCHANGED, untilMillis } from '../controller.ts';
import { applyAgent, releaseAgent } from './apply.ts';
import { gatherAgent } from './gather.ts';
import { planAgent } from './plan.ts';

/**
 * Keeps each node's FlowAgent, whose plan is all that its agent obeys.
 *
 * @param now ms since the epoch.
 * @param onRefused told the uids of captures that fit into a node's plan no more, or again.
 */
export function agentController(
  state: State,
  client: KubeClient,
  now: () => number,
  onRefused: (uids: readonly string[]) => void,
): Controller {
  const own = new OwnWrites<Agent>();
  return {
    name: 'agent',
    kind: FLOW_AGENTS.kind,
    async reconcile(node) {
      const agent = own.current(node, state.agents.get(node));
      const time = now();
      const facts = gatherAgent(state, node, agent, time);
      const { write, release, refused } = planAgent(facts);
      const recheckMillis = facts.nextEnd === undefined ? undefined : untilMillis(facts.nextEnd, time);
      const changed = remember(state, node, refused ?? new Set());
      if (changed.length > 0) onRefused(changed);
      if (release && agent !== undefined) return { written: await releaseAgent(client, agent) };
      if (write === undefined) return { ...UNCHANGED, recheckMillis };
      const written = await applyAgent(client, write);
      own.record(node, reduceAgent(written, agent));
      return { written, recheckMillis };
    },
  };
}

/** The uids that are refused now and were not, or the other way round. */
function remember({ refused }: State, node: string, now: ReadonlySet<string>): string[] {
  const before = refused.get(node) ?? new Set();
  if (now.size > 0) refused.set(node, now);
  else refused.delete(node);
  return [...before.symmetricDifference(now)];
}

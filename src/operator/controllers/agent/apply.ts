import type { KubeClient } from '../../../kube/client.ts';
import { FLOW_AGENTS } from '../../resources.ts';
import type { AgentObject } from '../../state/reduce.ts';
import type { DesiredAgent } from './plan.ts';

/** Writes a FlowAgent by one server-side apply. Returns what was written. */
export async function applyAgent(client: KubeClient, desired: DesiredAgent): Promise<AgentObject> {
  return client.apply(FLOW_AGENTS, desired);
}

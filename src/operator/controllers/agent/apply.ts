import type { KubeClient } from '../../../kube/client.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { FLOW_AGENTS } from '../../resources.ts';
import type { DesiredAgent } from './plan.ts';

/** Writes a FlowAgent by one server-side apply. Returns what was written. */
export async function applyAgent(client: KubeClient, desired: DesiredAgent): Promise<KubeObject> {
  return client.apply(FLOW_AGENTS, desired);
}

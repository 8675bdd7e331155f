import { RETIRE_FINALIZER } from '../../../api/names.ts';
import { FLOW_AGENTS } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { Agent } from '../../state/objects.ts';
import type { AgentObject } from '../../state/reduce.ts';
import type { DesiredAgent } from './plan.ts';

/** Writes a FlowAgent by one server-side apply. Returns what was written. */
export function applyAgent(client: KubeClient, desired: DesiredAgent): Promise<AgentObject> {
  return client.apply(FLOW_AGENTS, desired);
}

/**
 * Takes the finalizer off, whoever put it there: a restored backup's belongs to another manager, and server-side apply would
 * leave it. Fails where the object has changed meanwhile: somebody else's finalizer must not be lost.
 */
export function releaseAgent(
  client: KubeClient,
  { node, uid, resourceVersion, finalizers }: Agent,
): Promise<AgentObject> {
  const others = finalizers.filter((finalizer) => finalizer !== RETIRE_FINALIZER);
  return client.merge(FLOW_AGENTS, { name: node }, { metadata: { uid, resourceVersion, finalizers: others } });
}

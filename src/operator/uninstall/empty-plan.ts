import { RETIRE_FINALIZER } from '../../api/names.ts';
import { FLOW_AGENTS } from '../../api/resources.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { AgentObject } from '../state/reduce.ts';
import { restingAgent } from './at-rest.ts';

const NOT_FOUND = 404;
const CONFLICT = 409;

/** What became of a FlowAgent: the hash of its empty plan, or nothing where it is gone. */
export interface Emptied {
  readonly hash: string | undefined;
}

const GONE: Emptied = { hash: undefined };

/**
 * Empties the plan of a FlowAgent, and takes Weir's finalizer off. Resolves with words where somebody else has changed it
 * meanwhile: then it can be tried again.
 *
 * @throws ApiError, TransportError
 */
export async function emptyPlan(client: KubeClient, agent: AgentObject): Promise<Emptied | string> {
  const resting = restingAgent(agent);
  // With its uid: of one that is gone, no new one is made.
  const written = await client
    .apply<AgentObject>(FLOW_AGENTS, resting)
    .catch((error: unknown) => nothingWhere(error, [NOT_FOUND, CONFLICT]));
  if (written === undefined) return GONE;
  const { uid, resourceVersion, finalizers = [] } = written.metadata;
  if (!finalizers.includes(RETIRE_FINALIZER)) return { hash: resting.spec.plan.hash };
  // A restored backup's finalizer is another manager's: server-side apply leaves it.
  const others = finalizers.filter((finalizer) => finalizer !== RETIRE_FINALIZER);
  const change = { metadata: { uid, resourceVersion, finalizers: others } };
  const released = await client
    .merge<AgentObject>(FLOW_AGENTS, resting.metadata, change)
    .catch((error: unknown) => nothingWhere(error, [NOT_FOUND, CONFLICT]));
  return released === undefined
    ? `FlowAgent ${agent.metadata.name} has changed meanwhile`
    : { hash: resting.spec.plan.hash };
}

/** @throws the error, unless the server refused with one of these codes. */
function nothingWhere(error: unknown, codes: readonly number[]): undefined {
  if (error instanceof ApiError && codes.includes(error.code)) return undefined;
  throw error;
}

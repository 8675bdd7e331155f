/** The order in which Weir leaves a cluster: the operator ends, plans are emptied, agents let go of their kernel programs. */
import { AGENT_POD_LABELS, OPERATOR_DEPLOYMENT, OPERATOR_POD_LABELS } from '../../api/names.ts';
import { FLOW_AGENTS } from '../../api/resources.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { KubeClient } from '../../kube/client.ts';
import { listAll } from '../../kube/list-all.ts';
import { DEPLOYMENTS, PODS } from '../../kube/resource.ts';
import { WeirError } from '../../lib/errors.ts';
import { list } from '../../plan/names.ts';
import type { AgentObject, PodObject } from '../state/reduce.ts';
import { outstanding } from './at-rest.ts';
import { type Emptied, emptyPlan } from './empty-plan.ts';
import { Patience, type PatienceOptions } from './patience.ts';

export interface UninstallOptions extends PatienceOptions {
  /** Its field manager is the operator's: what the operator owned goes with what it no longer says. */
  readonly client: KubeClient;
  /** The operator's own. */
  readonly namespace: string;
}

/** A 404: the object is not there, or not even its kind. */
const NOT_FOUND = 404;
/** FlowAgents that are written at once. */
const WRITES = 8;

/**
 * Brings Weir to rest. Captures, exports and the kinds stay, and nothing of Weir keeps them from being deleted. Can be run
 * again after a failure.
 *
 * @throws WeirError ClusterFailed when the operator does not end in time, or an agent.
 */
export async function uninstall(options: UninstallOptions): Promise<void> {
  const patience = new Patience(options);
  await endOperator(options, patience);
  const hashes = await emptyPlans(options, patience);
  await agentsAtRest(options, patience, hashes);
}

/** An operator that runs would write the plans anew. */
async function endOperator({ client, namespace, say }: UninstallOptions, patience: Patience): Promise<void> {
  const name = { namespace, name: OPERATOR_DEPLOYMENT };
  const scale = async () => {
    await client.merge(DEPLOYMENTS, name, { spec: { replicas: 0 } }, { subresource: 'scale' });
    return { found: true };
  };
  const { found } = await patience.until(
    () => scale().catch((error: unknown) => insteadOfMissing(error, { found: false })),
    (words) => `the operator could not be told to end: ${words}`,
  );
  const labelSelector = selectorText(OPERATOR_POD_LABELS);
  await patience.until(
    async () => {
      const pods = await listAll<PodObject>(client, PODS, { namespace, labelSelector });
      if (pods.length === 0) return {};
      return `waiting for the operator to end: ${list(pods.map(({ metadata }) => metadata.name))}`;
    },
    (words) => `${words}. If its node is gone for good: kubectl delete pod --force. The plans are as they were`,
  );
  say(found ? 'the operator has ended' : `there is no Deployment ${OPERATOR_DEPLOYMENT} in namespace ${namespace}`);
}

/** Returns the hash of the empty plan by node. */
async function emptyPlans(options: UninstallOptions, patience: Patience): Promise<ReadonlyMap<string, string>> {
  const { client, say } = options;
  const agents = await patience.until(() => listAgents(client), notEmptied);
  const hashes = new Map<string, string>();
  const empty = async (agent: AgentObject) => {
    const { hash } = await patience.until<Emptied>(() => emptyPlan(client, agent), notEmptied);
    if (hash !== undefined) hashes.set(agent.metadata.name, hash);
  };
  for (let first = 0; first < agents.length; first += WRITES) {
    await Promise.all(agents.slice(first, first + WRITES).map(empty));
  }
  say(`emptied the plans of ${hashes.size} nodes`);
  return hashes;
}

/** Every agent that lives says that it runs its empty plan: its kernel programs are gone. */
async function agentsAtRest(
  { client, namespace, say }: UninstallOptions,
  patience: Patience,
  hashes: ReadonlyMap<string, string>,
): Promise<void> {
  const labelSelector = selectorText(AGENT_POD_LABELS);
  const { silent } = await patience.until(
    async () => {
      const [agents, pods] = await Promise.all([
        listAgents(client),
        listAll<PodObject>(client, PODS, { namespace, labelSelector }),
      ]);
      const left = outstanding(hashes, agents, pods);
      if (left.replanned.length > 0) {
        const where = list(left.replanned);
        throw new WeirError(
          'ClusterFailed',
          `an operator runs somewhere else, and has written the plans of ${where} anew`,
        );
      }
      if (left.behind.length === 0) return left;
      return `waiting for the agents of ${left.behind.length} of ${hashes.size} nodes: ${list(left.behind)}`;
    },
    (words) => `${words}; their logs say why`,
  );
  if (silent.length > 0) say(`not waited for, since no agent is ready there: ${list(silent)}`);
  say(`${hashes.size - silent.length} agents have let go of their kernel programs`);
}

function notEmptied(words: string): string {
  return `not every plan could be emptied: ${words}`;
}

function listAgents(client: KubeClient): Promise<readonly AgentObject[]> {
  return listAll<AgentObject>(client, FLOW_AGENTS).catch((error: unknown) => insteadOfMissing(error, []));
}

/** @throws the error, unless what was asked for is not there. */
function insteadOfMissing<T>(error: unknown, instead: T): T {
  if (error instanceof ApiError && error.code === NOT_FOUND) return instead;
  throw error;
}

function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

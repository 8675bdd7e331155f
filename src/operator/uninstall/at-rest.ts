import { API_VERSION } from '../../api/names.ts';
import { compilePlan } from '../../plan/compile.ts';
import { reportSeconds } from '../report-interval.ts';
import { type AgentObject, type PodObject, reducePod } from '../state/reduce.ts';

/** A FlowAgent of which Weir wants nothing any more, as server-side apply takes it. */
export interface RestingAgent {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'FlowAgent';
  readonly metadata: { readonly name: string; readonly uid: string; readonly ownerReferences: readonly object[] };
  readonly spec: { readonly plan: ReturnType<typeof compilePlan>['plan'] };
}

/**
 * The FlowAgent with a plan of nothing. It stays its Node's, and goes with it; the finalizer is not among the fields, so that
 * it is off where the operator has put it there.
 */
export function restingAgent({ metadata, spec }: AgentObject): RestingAgent {
  const { name, uid = '', ownerReferences = [] } = metadata;
  const { plan } = compilePlan({
    captures: [],
    exports: [],
    node: { name, programs: [] },
    reportSeconds: spec?.plan.reportSeconds ?? reportSeconds(1),
    namespaceLabels: () => ({}),
  });
  return { apiVersion: API_VERSION, kind: 'FlowAgent', metadata: { name, uid, ownerReferences }, spec: { plan } };
}

/** What is still to come, by name of the node. */
export interface Outstanding {
  /** Agents that live, and do not run their empty plan yet. */
  readonly behind: readonly string[];
  /** Nodes without a living agent: nothing runs there that could say anything. */
  readonly silent: readonly string[];
  /** Nodes whose plan is another again: somebody has written it. */
  readonly replanned: readonly string[];
}

/**
 * Which agents have not let go yet. A report of an earlier generation does not count, whatever its hash: the plan may have been
 * empty before, too.
 *
 * @param hashes of the empty plan, by node.
 * @param agents the FlowAgents as they are now; one that is gone is not waited for.
 * @param pods of agents, as they are now.
 */
export function outstanding(
  hashes: ReadonlyMap<string, string>,
  agents: readonly AgentObject[],
  pods: readonly PodObject[],
): Outstanding {
  const living = new Set(
    pods
      .map(reducePod)
      .filter(({ ready, terminating }) => ready && !terminating)
      .map(({ node }) => node),
  );
  const known = agents.filter(({ metadata }) => hashes.has(metadata.name));
  const late = namesOf(
    known.filter(({ metadata: { name, generation = 0 }, status: { planHash, observedGeneration = -1 } = {} }) => {
      return planHash !== hashes.get(name) || observedGeneration < generation;
    }),
  );
  return {
    behind: late.filter((node) => living.has(node)),
    silent: late.filter((node) => !living.has(node)),
    replanned: namesOf(known.filter(({ metadata, spec }) => spec?.plan.hash !== hashes.get(metadata.name))),
  };
}

function namesOf(agents: readonly AgentObject[]): string[] {
  return agents.map(({ metadata }) => metadata.name).toSorted();
}

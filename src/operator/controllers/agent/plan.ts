import { API_VERSION, RETIRE_FINALIZER } from '../../../api/names.ts';
import { compilePlan } from '../../../plan/compile.ts';
import type { Plan } from '../../../plan/plan.ts';
import { PROGRAMS } from '../../../plan/programs.ts';
import { reportSeconds } from '../../report-interval.ts';
import type { Agent, ClusterNode } from '../../state/objects.ts';
import type { AgentFacts } from './gather.ts';

/** A FlowAgent as the operator applies it: its own fields, all of them. */
export interface DesiredAgent {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'FlowAgent';
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly object[];
  };
  readonly spec: { readonly plan: Plan };
}

export interface AgentDecision {
  /** What to apply; undefined where all is as it should be, or somebody else has to act first. */
  readonly write: DesiredAgent | undefined;
  /** Whether its counters are where they belong, so that it may go. */
  readonly release: boolean;
  /** Uids of captures that do not fit into the plan; undefined where no plan was made. */
  readonly refused: ReadonlySet<string> | undefined;
}

const NOTHING: AgentDecision = { write: undefined, release: false, refused: undefined };

/** The FlowAgent of one node. Pure: the same facts give the same plan, byte for byte. */
export function planAgent(facts: AgentFacts): AgentDecision {
  const { node, agent } = facts;
  if (agent?.terminating === true) {
    return { ...NOTHING, release: !facts.countersPending && agent.finalizers.includes(RETIRE_FINALIZER) };
  }
  if (node === undefined) return NOTHING;
  // It belongs to a Node of the same name that is gone: the garbage collector takes it away, then there will be a new one.
  if (agent?.owner !== undefined && agent.owner !== node.uid) return NOTHING;
  const { plan, problems } = compilePlan({
    captures: facts.captures.map(({ object }) => object),
    exports: facts.exports.map(({ object }) => object),
    node: { name: node.name, programs: PROGRAMS },
    reportSeconds: reportSeconds(facts.nodeCount),
    namespaceLabels: facts.namespaceLabels,
  });
  const tooLarge = problems.filter(({ reason }) => reason === 'PlanTooLarge');
  return {
    write: isUpToDate(agent, plan) ? undefined : desired(node, agent, plan),
    release: false,
    refused: new Set(tooLarge.flatMap(({ source }) => source.metadata.uid ?? [])),
  };
}

function isUpToDate(agent: Agent | undefined, plan: Plan): boolean {
  return agent?.owner !== undefined && agent.finalizers.includes(RETIRE_FINALIZER) && agent.plan.hash === plan.hash;
}

function desired(node: ClusterNode, agent: Agent | undefined, plan: Plan): DesiredAgent {
  const owner = { apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid };
  return {
    apiVersion: API_VERSION,
    kind: 'FlowAgent',
    metadata: {
      name: node.name,
      ...(agent !== undefined && { uid: agent.uid }),
      finalizers: [RETIRE_FINALIZER],
      ownerReferences: [owner],
    },
    spec: { plan },
  };
}

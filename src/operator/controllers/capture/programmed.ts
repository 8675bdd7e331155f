import { type Verdict, verdict } from '../../../api/conditions.ts';
import type { Condition, NodeFailure } from '../../../api/types.generated.ts';
import { compareText } from '../../../plan/canonical.ts';
import { list } from '../../../plan/names.ts';
import { failureText, worstFailures } from '../../status/failures.ts';
import type { CaptureFacts, NodeFacts } from './facts.ts';

/** A node that has just joined is given this long to get its agent, lest autoscaling makes conditions flap. */
const YOUNG_NODE_MILLIS = 120_000;
/** A node that a running capture has just reached is given this long to say so. */
const NEW_PLAN_MILLIS = 30_000;

const FAILURES = ['ProgramFailed', 'Unsupported', 'PlanTooLarge'] as const;
type Failure = (typeof FAILURES)[number];

/** How far the nodes are with a capture that is to run. */
export interface Programming {
  readonly verdict: Verdict;
  readonly desired: number;
  readonly programmed: number;
  readonly failed: number;
  readonly failures: readonly NodeFailure[];
  /** When time alone may change this: ms from now. */
  readonly recheckMillis: number | undefined;
}

/** The condition Programmed and the numbers behind it. */
export function programming({ capture, nodes }: CaptureFacts, now: number): Programming {
  const { generation, object } = capture;
  const standings = nodes.map((node) => ({ node, is: standingOf(node, generation, now) }));
  const named = (is: Standing) => standings.filter((entry) => entry.is === is).map(({ node }) => node);
  const failures = standings.flatMap(({ node, is }) => (isFailure(is) ? [failureOf(node, is)] : []));
  const [programmed, pending, absent, young] = [named('Programmed'), named('Pending'), named('Absent'), named('Young')];
  const desired = programmed.length + pending.length + failures.length;
  const settled = hasSettled(object.status?.conditions, generation);
  const counts = {
    desired,
    programmed: programmed.length,
    failed: failures.length,
    failures: worstFailures(failures, FAILURES),
    recheckMillis: nextChange(young, pending, now),
  };
  const [worst] = counts.failures;
  if (worst !== undefined && isFailure(worst.reason)) {
    const message = failureText(worst, failures.length - 1);
    return { ...counts, verdict: verdict('FlowCapture', 'Programmed', worst.reason, message) };
  }
  const late = pending.filter((node) => !settled || now - (node.plannedAt ?? now) >= NEW_PLAN_MILLIS);
  if (late.length > 0) {
    const message =
      `${late.length} of ${desired} nodes do not report generation ${generation} yet: ${namesOf(late)}. ` +
      'Look at their agent pods, and at kubectl get flowagents';
    return { ...counts, verdict: verdict('FlowCapture', 'Programmed', 'AgentNotReporting', message) };
  }
  if (desired === 0 && (absent.length > 0 || (young.length > 0 && !settled))) {
    const message = `no node with a pod in scope has a ready agent: ${namesOf([...absent, ...young])}. Look at the agents' DaemonSet`;
    return { ...counts, verdict: verdict('FlowCapture', 'Programmed', 'AgentNotReporting', message) };
  }
  return {
    ...counts,
    verdict: verdict('FlowCapture', 'Programmed', 'Programmed', runningText(desired, absent, young)),
  };
}

/** Of a capture that is not to run: no node has anything to do with it. */
export function notProgrammed(because: Verdict): Programming {
  return { verdict: because, desired: 0, programmed: 0, failed: 0, failures: [], recheckMillis: undefined };
}

type Standing = 'Programmed' | 'Pending' | 'Absent' | 'Young' | Failure;

function standingOf(node: NodeFacts, generation: number, now: number): Standing {
  if (!node.ready || !node.agentReady) return now - node.createdAt < YOUNG_NODE_MILLIS ? 'Young' : 'Absent';
  if (node.refused) return 'PlanTooLarge';
  if (node.report?.generation !== generation) return 'Pending';
  if (node.report.state === 'Failed') return 'ProgramFailed';
  if (node.report.state === 'Unsupported') return 'Unsupported';
  return node.report.state === 'Programmed' ? 'Programmed' : 'Pending';
}

function isFailure(standing: string): standing is Failure {
  return FAILURES.some((failure) => failure === standing);
}

function failureOf({ name, report }: NodeFacts, reason: Failure): NodeFailure {
  const message =
    reason === 'PlanTooLarge'
      ? "the node's plan is full: suspend or merge captures"
      : (report?.message ?? report?.reason ?? 'the agent gives no reason');
  return { node: name, reason, message };
}

/** Whether this generation was everywhere already: then a node that joins is no reason for doubt at once. */
function hasSettled(conditions: readonly Condition[] | undefined, generation: number): boolean {
  const before = conditions?.find(({ type }) => type === 'Programmed');
  return before?.status === 'True' && before.reason === 'Programmed' && before.observedGeneration === generation;
}

function nextChange(young: readonly NodeFacts[], pending: readonly NodeFacts[], now: number): number | undefined {
  const instants = [
    ...young.map(({ createdAt }) => createdAt + YOUNG_NODE_MILLIS),
    ...pending.flatMap(({ plannedAt }) => (plannedAt === undefined ? [] : [plannedAt + NEW_PLAN_MILLIS])),
  ].filter((instant) => instant > now);
  return instants.length === 0 ? undefined : Math.min(...instants) - now;
}

function runningText(desired: number, absent: readonly NodeFacts[], young: readonly NodeFacts[]): string {
  if (desired === 0 && young.length > 0) return `nodes that have just joined wait for their agents: ${namesOf(young)}`;
  const running =
    desired === 0
      ? 'no node has a pod in scope: nothing is to be programmed'
      : `${desired} ${desired === 1 ? 'node runs' : 'nodes run'} this generation`;
  return absent.length === 0 ? running : `${running}; left out, since they have no ready agent: ${namesOf(absent)}`;
}

function namesOf(nodes: readonly NodeFacts[]): string {
  return list(nodes.map(({ name }) => name).toSorted(compareText));
}

import { summary, type Verdict, verdict } from '../../../api/conditions.ts';
import { timestamp, withTransitions } from '../../../api/transitions.ts';
import type { CaptureReport, FlowCapture } from '../../../api/types.generated.ts';
import { endOf } from '../../../plan/duration.ts';
import { isAccepted } from '../../acceptance.ts';
import { firstFalse } from '../../status/conditions.ts';
import { worstFailures } from '../../status/failures.ts';
import { latest } from '../../status/latest.ts';
import { type AgentRow, retire } from '../../status/retired.ts';
import { untilMillis } from '../controller.ts';
import { delivering, sinkFailures } from './delivering.ts';
import type { CaptureFacts } from './facts.ts';
import { notProgrammed, type Programming, programming } from './programmed.ts';

export type CaptureStatus = NonNullable<FlowCapture['status']>;

export interface CaptureDecision {
  readonly status: CaptureStatus;
  /** When time alone may change the status: ms from now. */
  readonly recheckMillis: number | undefined;
}

const NOTHING_COUNTED = { observed: 0, exported: 0, filtered: 0, sampledOut: 0, lost: 0 };
type Counter = keyof typeof NOTHING_COUNTED;
const FAILURES = ['ProgramFailed', 'Unsupported', 'PlanTooLarge', 'SinkUnreachable'];

/** A capture's whole status. Pure: the same facts at the same time give the same status. @param now ms since the epoch. */
export function planCapture(facts: CaptureFacts, now: number): CaptureDecision {
  const { capture, accepted, resolved, matchedPods } = facts;
  const before = capture.object.status ?? {};
  const { flows, retired } = ledger(facts);
  const idle = whyIdle(facts, now);
  const end = endOf(capture.object);
  const progress = idle === undefined ? programming(facts, now) : notProgrammed(idle.programmed);
  const delivery = idle === undefined ? delivering(facts, flows.exported) : idle.delivering;
  const verdicts = conclude([accepted, resolved, progress.verdict, delivery], before);
  const failures = worstFailures([...progress.failures, ...(idle === undefined ? sinkFailures(facts) : [])], FAILURES);
  const lastFlowTime = latest([before.lastFlowTime, ...facts.rows.map(({ row }) => row.lastFlowTime)]);
  return {
    recheckMillis: soonest(progress.recheckMillis, end !== undefined && end > now ? untilMillis(end, now) : undefined),
    status: {
      observedGeneration: capture.generation,
      conditions: withTransitions(verdicts, before.conditions, capture.generation, now),
      matchedPods,
      nodes: nodesStatus(progress),
      flows,
      ...(retired !== undefined && { retired }),
      ...(lastFlowTime !== undefined && { lastFlowTime }),
      ...(end !== undefined && { endTime: timestamp(end) }),
      ...(failures.length > 0 && { failures }),
    },
  };
}

/** Why nothing of the capture is to run; undefined where it is. */
function whyIdle(
  { capture, accepted, resolved }: CaptureFacts,
  now: number,
): { programmed: Verdict; delivering: Verdict } | undefined {
  if (!isAccepted(accepted)) return both('NotAccepted', `nothing runs: ${accepted.message}`);
  const end = endOf(capture.object);
  // What has ended has ended, suspended or not, whatever has become of its exports.
  if (end !== undefined && end <= now) return both('Completed', completed(capture.object, end));
  if (resolved.status !== 'True') return both('RefsNotResolved', `nothing runs: ${resolved.message}`);
  if (capture.object.spec.suspend) return both('Suspended', 'spec.suspend is true: set it to false to go on');
  return undefined;
}

function completed({ spec }: FlowCapture, end: number): string {
  return `its durationSeconds of ${spec.durationSeconds} were over at ${timestamp(end)}: make it longer, or create the capture anew`;
}

function soonest(...millis: readonly (number | undefined)[]): number | undefined {
  const known = millis.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function both(reason: 'NotAccepted' | 'RefsNotResolved' | 'Suspended' | 'Completed', message: string) {
  return {
    programmed: verdict('FlowCapture', 'Programmed', reason, message),
    delivering: verdict('FlowCapture', 'Delivering', reason, message),
  };
}

/** Adds the summaries: Ready, and Stalled where only a change of the spec can help. */
function conclude(verdicts: readonly [Verdict, Verdict, Verdict, Verdict], before: CaptureStatus): Verdict[] {
  const [accepted, , programmed, delivery] = verdicts;
  // What becomes of its exports later takes nothing from a capture that has ended well.
  const decisive =
    delivery.reason === 'Completed' && wasReady(before)
      ? delivery
      : (firstFalse(verdicts) ?? (programmed.status === 'Unknown' ? programmed : delivery));
  const stalled = isAccepted(accepted) ? [] : [summary('FlowCapture', 'Stalled', accepted)];
  return [...verdicts, summary('FlowCapture', 'Ready', decisive), ...stalled];
}

function wasReady({ conditions = [] }: CaptureStatus): boolean {
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

function nodesStatus({ desired, programmed, failed }: Programming): NonNullable<CaptureStatus['nodes']> {
  return { desired, programmed, failed, summary: `${programmed}/${desired}` };
}

/** The ledger over all nodes, those that are gone included. */
function ledger({ capture, rows, agentExists }: CaptureFacts) {
  const before = capture.object.status?.retired;
  const { agents = [], ...counted } = before ?? {};
  const old = { sums: { ...NOTHING_COUNTED, ...counted }, agents };
  const { retired, live } = retire(old, rows, agentExists, ({ flows }, counter) => flows?.[counter] ?? 0);
  const total = (counter: Counter) => retired.sums[counter] + sum(live, ({ flows }) => flows?.[counter]);
  const lively = live.filter(({ alive, row }) => alive && row.state !== 'Ended');
  const perSecond = sum(lively, ({ flows }) => flows?.perSecond);
  const flows = {
    perSecond,
    observed: total('observed'),
    exported: total('exported'),
    filtered: total('filtered'),
    sampledOut: total('sampledOut'),
    lost: total('lost'),
  };
  const anything = retired.agents.length > 0 || Object.values(retired.sums).some((count) => count > 0);
  return { flows, retired: anything ? { ...retired.sums, agents: [...retired.agents] } : undefined };
}

function sum(rows: readonly AgentRow<CaptureReport>[], value: (row: CaptureReport) => number | undefined): number {
  return rows.reduce((total, { row }) => total + (value(row) ?? 0), 0);
}

import { agentDegraded, agentReady, agentReadyReason } from '../../api/agent-conditions.ts';
import { type Aspect, timestamp, withTransitions } from '../../api/transitions.ts';
import type { CaptureReport, ExportReport, PlannedCapture, ProgramReport } from '../../api/types.generated.ts';
import type { Account } from '../../export/ledger.ts';
import { FEATURES } from '../../plan/programs.ts';
import { MAX_CAPTURES_IN_SET } from '../../plan/sets.ts';
import type { ExportAccount } from '../export/exports.ts';
import type { AgentReport } from '../lifecycle.ts';
import { FILES_WALKED } from '../load/report-walk.ts';
import { failedState, type ProgramFailure, shortMessage } from './program-failure.ts';
import type { Shortcoming } from './shortcomings.ts';
import type { AgentStatus, Standing } from './standing.ts';
import type { Totals } from './totals.ts';

/** Everything that a node's report follows from. */
export interface StatusFacts {
  readonly version: string;
  readonly kernel: { readonly release: string; readonly btf: boolean };
  /** The FlowAgent whose plan was adopted last, and is reported to. */
  readonly standing: Standing;
  /** Uids of captures that this agent does not understand, with the features that it lacks. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
  /** Why the programs of the plan do not run; undefined where they do, or none is asked for. */
  readonly failure: ProgramFailure | undefined;
  readonly report: AgentReport;
  readonly totals: Totals;
  /** Per second, lately, by uid of a capture or export. */
  readonly rate: (uid: string) => number;
  /** What is amiss though the plan runs; undefined where nothing is. */
  readonly degraded: Shortcoming | undefined;
}

/** What an agent says of all that only captures ask for that it does not understand. */
const TOO_OLD = { state: 'Unsupported', reason: 'AgentTooOld' } as const;
const PROGRAM_TOO_OLD = { ...TOO_OLD, message: 'this agent is too old for the captures that ask for it: update it' };

/** Of more captures on one pod than a record can name the last ones by name get nothing of it. */
const TOO_MANY = {
  state: 'Failed',
  reason: 'TooManyCaptures',
  message: `more than ${MAX_CAPTURES_IN_SET} captures select a pod here, and this one gets none of its flows: merge or suspend some`,
} as const;
/** As many as a FlowAgent has room for beside a full plan. */
const MAX_ENDED = 256;

/** The whole status of this node's FlowAgent. Pure. @param now ms since the epoch. */
export function agentStatus(facts: StatusFacts, now: number): AgentStatus {
  const { version, kernel, standing } = facts;
  const { plan, generation } = standing;
  return {
    observedGeneration: generation,
    planHash: plan.hash,
    version,
    features: [...FEATURES],
    kernel,
    programs: programRows(facts),
    captures: captureRows(facts),
    exports: exportRows(facts),
    conditions: withTransitions([ready(facts), degraded(facts)], standing.status.conditions, generation, now),
  };
}

function programRows({ standing, refused, failure, report }: StatusFacts): ProgramReport[] {
  const { programs, captures } = standing.plan;
  const run = new Set(captures.filter(({ uid }) => !refused.has(uid)).flatMap((capture) => capture.programs));
  const running = (name: string) => (failure === undefined ? attachedState(name, report) : failedState(failure));
  return programs.map((name) => Object.assign({ name }, run.has(name) ? running(name) : PROGRAM_TOO_OLD));
}

function attachedState(program: string, { reportWalk }: AgentReport) {
  const { found, lacks } = FILES_WALKED;
  const isLess = program === 'tcp' && reportWalk === 'files';
  return { state: 'Attached' as const, ...(isLess && { message: `${found}; ${lacks}` }) };
}

function captureRows(facts: StatusFacts): CaptureReport[] {
  const { standing, report, totals } = facts;
  const accounts = new Map(report.accounts.map((account) => [account.uid ?? '', account]));
  const planned = standing.plan.captures.map((capture) => plannedRow(capture, accounts.get(capture.uid), facts));
  const rows = planned.map(({ uid }) => uid);
  // The latest first: this process' own before those of earlier ones.
  const ended = [...report.accounts.filter(({ uid }) => uid !== undefined).toReversed(), ...totals.formerCaptures]
    .map((row) => endedCapture(row, facts, accounts))
    // Of one that counted nothing there is nothing to remember.
    .filter(({ flows }) => (flows?.observed ?? 0) > 0)
    .filter(({ uid }) => !rows.includes(uid) && rows.push(uid) > 0);
  return [...planned, ...ended.slice(0, MAX_ENDED)];
}

function plannedRow(capture: PlannedCapture, account: Account | undefined, facts: StatusFacts): CaptureReport {
  const { uid, name, generation } = capture;
  return { uid, name, generation, ...captureState(capture, account, facts), ...counted(uid, account, facts) };
}

function captureState({ uid, programs }: PlannedCapture, account: Account | undefined, facts: StatusFacts) {
  const { refused, failure, report } = facts;
  const lacking = refused.get(uid);
  if (lacking !== undefined) {
    const message = `this agent is too old for ${lacking.join(', ')}: update it`;
    return { ...TOO_OLD, message: shortMessage(message) };
  }
  if (failure !== undefined && programs.length > 0) return failedState(failure);
  return account !== undefined && report.crowdedOut.includes(account.index)
    ? TOO_MANY
    : ({ state: 'Programmed' } as const);
}

function endedCapture(
  row: Account | CaptureReport,
  { totals, standing }: StatusFacts,
  accounts: ReadonlyMap<string, Account>,
): CaptureReport {
  const uid = row.uid ?? '';
  const former = formerCapture(uid, standing);
  const name = 'capture' in row ? row.capture : row.name;
  const flows = { perSecond: 0, ...totals.flows(uid, accounts.get(uid)) };
  const time = lastTime(accounts.get(uid)?.lastMicros) ?? former?.lastFlowTime;
  const generation = former?.generation ?? 0;
  return { uid, name, generation, state: 'Ended', flows, ...(time !== undefined && { lastFlowTime: time }) };
}

function counted(uid: string, account: Account | undefined, { totals, rate, standing }: StatusFacts) {
  const time = lastTime(account?.lastMicros) ?? formerCapture(uid, standing)?.lastFlowTime;
  return {
    flows: { perSecond: rate(uid), ...totals.flows(uid, account) },
    ...(time !== undefined && { lastFlowTime: time }),
  };
}

/** What was reported of the capture before. */
function formerCapture(uid: string, { status }: Standing): CaptureReport | undefined {
  return status.captures?.find((row) => row.uid === uid);
}

/** @param micros since the epoch; 0 or undefined where there was none. */
function lastTime(micros: number | undefined): string | undefined {
  return micros === undefined || micros === 0 ? undefined : timestamp(micros / 1000);
}

function exportRows(facts: StatusFacts): ExportReport[] {
  const { standing, report, totals } = facts;
  const accounts = new Map(report.exports.map((account) => [account.uid ?? '', account]));
  const planned = standing.plan.exports.map(({ uid, name }) => exportRow(uid, name, accounts.get(uid), facts));
  const rows = planned.map(({ uid }) => uid);
  const ended = [...report.exports.toReversed(), ...totals.formerExports]
    .map(({ uid = '', name }) => endedExport(uid, name, accounts.get(uid), facts))
    .filter(({ delivered = 0, dropped = 0 }) => delivered + dropped > 0)
    .filter(({ uid }) => uid !== '' && !rows.includes(uid) && rows.push(uid) > 0);
  return [...planned, ...ended.slice(0, MAX_ENDED)];
}

function exportRow(uid: string, name: string, account: ExportAccount | undefined, facts: StatusFacts): ExportReport {
  const counts = deliveries(uid, account, facts);
  const now = { deliveredPerSecond: facts.rate(uid), backlog: account?.backlog ?? 0 };
  return { uid, name, ...exportState(account?.failure, counts.delivered), ...counts, ...now };
}

function endedExport(uid: string, name: string, account: ExportAccount | undefined, facts: StatusFacts): ExportReport {
  return { uid, name, state: 'Ended', ...deliveries(uid, account, facts) };
}

/** @param delivered in all, by earlier processes too: that this one has delivered nothing yet is no news. */
function exportState(failure: ExportAccount['failure'], delivered: number) {
  if (failure === undefined) return { state: delivered > 0 ? 'Delivering' : 'Idle' } as const;
  return { state: 'Failing', reason: failure.code, message: shortMessage(failure.message) } as const;
}

function deliveries(uid: string, account: ExportAccount | undefined, { totals, standing }: StatusFacts) {
  const { lastDelivered = 0 } = account ?? {};
  const before = standing.status.exports?.find((row) => row.uid === uid)?.lastDeliveredTime;
  const time = lastDelivered > 0 ? timestamp(lastDelivered) : before;
  return { ...totals.deliveries(uid, account), ...(time !== undefined && { lastDeliveredTime: time }) };
}

function ready({ failure, refused }: StatusFacts): Aspect {
  if (failure !== undefined) return agentReady(agentReadyReason(failure.code), failedState(failure).message);
  if (refused.size > 0) {
    const message = `captures that ask for what this agent cannot do yet: ${refused.size}; update it`;
    return agentReady('AgentTooOld', message);
  }
  return agentReady('PlanApplied', 'the whole plan runs');
}

function degraded({ degraded: why }: StatusFacts): Aspect {
  return why === undefined ? agentDegraded('AsExpected', 'nothing is amiss') : agentDegraded(why.reason, why.message);
}

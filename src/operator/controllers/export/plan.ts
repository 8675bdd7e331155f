import { summary, type Verdict, verdict } from '../../../api/conditions.ts';
import { withTransitions } from '../../../api/transitions.ts';
import type { ExportReport, FlowExport, NodeFailure } from '../../../api/types.generated.ts';
import { isAccepted } from '../../acceptance.ts';
import { firstFalse } from '../../status/conditions.ts';
import { failureText, worstFailures } from '../../status/failures.ts';
import { latest } from '../../status/latest.ts';
import { type AgentRow, retire } from '../../status/retired.ts';
import type { ExportFacts } from './facts.ts';

export type ExportStatus = NonNullable<FlowExport['status']>;

/** An export's whole status, from what the nodes have delivered. Pure. @param now ms since the epoch. */
export function planExport(facts: ExportFacts, now: number): ExportStatus {
  const { target, accepted, nodes } = facts;
  const before = target.object.status ?? {};
  const { retired, live } = takeOver(facts);
  const active = live.filter(({ alive, row }) => alive && row.state !== 'Ended');
  const delivered = retired.sums.delivered + sum(live, 'delivered');
  const failures = active.flatMap(failureOf);
  const resolved = verdict('FlowExport', 'ResolvedRefs', 'ResolvedRefs', 'the export refers to no other object');
  const verdicts = conclude([accepted, resolved, delivering(facts, delivered, failures)]);
  const worst = worstFailures(failures, []);
  const type = typeOf(target.object);
  const lastDeliveredTime = latest([before.lastDeliveredTime, ...facts.rows.map(({ row }) => row.lastDeliveredTime)]);
  const anything = retired.agents.length > 0 || retired.sums.delivered > 0 || retired.sums.dropped > 0;
  return {
    observedGeneration: target.generation,
    ...(type !== undefined && { type }),
    conditions: withTransitions(verdicts, before.conditions, target.generation, now),
    delivered,
    deliveredPerSecond: sum(active, 'deliveredPerSecond'),
    dropped: retired.sums.dropped + sum(live, 'dropped'),
    backlog: sum(active, 'backlog'),
    ...(anything && { retired: { ...retired.sums, agents: [...retired.agents] } }),
    ...(lastDeliveredTime !== undefined && { lastDeliveredTime }),
    nodes: {
      desired: nodes.length,
      delivering: active.filter(({ row }) => row.state === 'Delivering').length,
      failing: failures.length,
    },
    ...(worst.length > 0 && { failures: worst }),
  };
}

function delivering({ accepted, nodes }: ExportFacts, delivered: number, failures: readonly NodeFailure[]): Verdict {
  if (!isAccepted(accepted)) {
    return verdict('FlowExport', 'Delivering', 'NotAccepted', `nothing is delivered: ${accepted.message}`);
  }
  const [worst] = worstFailures(failures, []);
  if (worst !== undefined) {
    return verdict('FlowExport', 'Delivering', 'SinkUnreachable', failureText(worst, failures.length - 1));
  }
  if (nodes.length === 0) {
    const message = 'no capture that runs on any node names this export: add it to the spec.exports of a FlowCapture';
    return verdict('FlowExport', 'Delivering', 'NotUsed', message);
  }
  if (delivered > 0) return verdict('FlowExport', 'Delivering', 'Delivering', 'the destination takes the records');
  return verdict('FlowExport', 'Delivering', 'NoFlowsYet', 'captures feed this export, and no flow was reported yet');
}

/** Adds the summaries: Ready, and Stalled where only a change of the spec can help. */
function conclude(verdicts: readonly [Verdict, Verdict, Verdict]): Verdict[] {
  const [accepted, , delivery] = verdicts;
  const stalled = isAccepted(accepted) ? [] : [summary('FlowExport', 'Stalled', accepted)];
  return [...verdicts, summary('FlowExport', 'Ready', firstFalse(verdicts) ?? delivery), ...stalled];
}

function takeOver({ target, rows, agentExists }: ExportFacts) {
  const before = target.object.status?.retired;
  const sums = { delivered: before?.delivered ?? 0, dropped: before?.dropped ?? 0 };
  return retire({ sums, agents: before?.agents ?? [] }, rows, agentExists, (row, counter) => row[counter] ?? 0);
}

function failureOf({ node, row }: AgentRow<ExportReport>): NodeFailure[] {
  if (row.state !== 'Failing') return [];
  const message = row.message ?? row.reason ?? 'the agent gives no reason';
  return [{ node, reason: 'SinkUnreachable', message }];
}

function sum(
  rows: readonly AgentRow<ExportReport>[],
  counter: 'delivered' | 'deliveredPerSecond' | 'dropped' | 'backlog',
): number {
  return rows.reduce((total, { row }) => total + (row[counter] ?? 0), 0);
}

const TYPES = {
  stdout: 'Stdout',
  file: 'File',
  otlp: 'OTLP',
  ipfix: 'IPFIX',
  kafka: 'Kafka',
  grpc: 'GRPC',
  http: 'HTTP',
  loki: 'Loki',
  clickhouse: 'ClickHouse',
  s3: 'S3',
} as const;

function typeOf({ spec }: FlowExport): ExportStatus['type'] {
  for (const [destination, type] of Object.entries(TYPES)) if (Object.hasOwn(spec, destination)) return type;
  return undefined;
}

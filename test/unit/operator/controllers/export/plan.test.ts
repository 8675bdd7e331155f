import { describe, expect, test } from 'vitest';
import type { ExportReport } from '../../../../../src/api/types.generated.ts';
import type { ExportFacts } from '../../../../../src/operator/controllers/export/facts.ts';
import { planExport } from '../../../../../src/operator/controllers/export/plan.ts';
import type { Export } from '../../../../../src/operator/state/objects.ts';
import { flowExport, NOW } from '../../builders.ts';

const archive = flowExport('weir-system/archive', { file: { path: '/flows' } });

function facts(
  target: Export,
  reports: readonly Partial<ExportReport>[],
  rest: Partial<ExportFacts> = {},
): ExportFacts {
  const rows = reports.map((row, at) => ({
    agent: `agent-${at}`,
    node: `n${at}`,
    terminating: false,
    alive: true,
    row: { uid: target.uid, name: target.key, state: 'Idle', ...row } as const,
  }));
  return {
    target,
    accepted: target.accepted,
    nodes: rows.map(({ node }) => node),
    rows,
    agentExists: () => true,
    ...rest,
  };
}

function conditionsOf(of: ExportFacts): string[] {
  const { conditions = [] } = planExport(of, NOW);
  return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

describe('every condition is set on the first visit', () => {
  test('of an export that delivers', () => {
    const lastDeliveredTime = '2026-11-25T11:59:00Z';
    const of = facts(archive, [
      { state: 'Delivering', delivered: 17, deliveredPerSecond: 2, dropped: 1, backlog: 5, lastDeliveredTime },
      { state: 'Idle' },
    ]);
    expect(planExport(of, NOW)).toMatchObject({
      observedGeneration: 1,
      type: 'File',
      delivered: 17,
      deliveredPerSecond: 2,
      dropped: 1,
      backlog: 5,
      lastDeliveredTime,
      nodes: { desired: 2, delivering: 1, failing: 0 },
    });
    expect(conditionsOf(of)).toEqual([
      'Accepted True Accepted',
      'ResolvedRefs True ResolvedRefs',
      'Delivering True Delivering',
      'Ready True Delivering',
    ]);
  });

  test('of one that waits for flows, that nothing uses, that fails', () => {
    expect(conditionsOf(facts(archive, [{}]))).toContain('Ready True NoFlowsYet');
    expect(conditionsOf(facts(archive, []))).toContain('Ready True NotUsed');
    const failing = facts(archive, [
      { state: 'Delivering', delivered: 5 },
      { state: 'Failing', message: 'disk full' },
    ]);
    expect(conditionsOf(failing)).toContain('Ready False SinkUnreachable');
    expect(planExport(failing, NOW)).toMatchObject({
      nodes: { desired: 2, delivering: 1, failing: 1 },
      failures: [{ node: 'n1', reason: 'SinkUnreachable', message: 'disk full' }],
    });
  });

  test('of one that this version does not do, and of one in a namespace that may not have it', () => {
    const kafka = flowExport('weir-system/k', {
      kafka: { brokers: ['k:9092'], topic: 't', format: 'JSON', compression: 'None' },
    });
    expect(conditionsOf(facts(kafka, []))).toEqual([
      'Accepted False NotSupportedYet',
      'ResolvedRefs True ResolvedRefs',
      'Delivering Unknown NotAccepted',
      'Ready False NotSupportedYet',
      'Stalled True NotSupportedYet',
    ]);
    const tenant = flowExport('shop/terminal', { stdout: {} });
    expect(conditionsOf(facts(tenant, []))).toContain('Ready False NamespaceNotPermitted');
  });
});

test('totals keep what nodes have counted that are gone', () => {
  const target = flowExport(
    'weir-system/archive',
    { stdout: {} },
    { status: { retired: { delivered: 10, dropped: 1 } } },
  );
  const of = facts(target, [
    { delivered: 5, dropped: 2 },
    { delivered: 7, dropped: 3 },
  ]);
  const rows = of.rows.map((row, at) => ({ ...row, terminating: at === 1 }));
  const status = planExport({ ...of, rows }, NOW);
  expect(status).toMatchObject({
    delivered: 22,
    dropped: 6,
    retired: { delivered: 17, dropped: 4, agents: ['agent-1'] },
  });
  const again = { ...target, object: { ...target.object, status } };
  expect(planExport({ ...of, target: again, rows }, NOW + 1000)).toEqual(status);
});

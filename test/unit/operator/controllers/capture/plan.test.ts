import { describe, expect, test } from 'vitest';
import { verdict } from '../../../../../src/api/conditions.ts';
import type { FlowCapture } from '../../../../../src/api/types.generated.ts';
import type { CaptureFacts } from '../../../../../src/operator/controllers/capture/facts.ts';
import { planCapture } from '../../../../../src/operator/controllers/capture/plan.ts';
import { capture, facts, NOW, nodeFacts, report } from '../../builders.ts';

const FLOWS = { perSecond: 3, observed: 20, exported: 17, filtered: 1, sampledOut: 0, lost: 2 };

/** `type status reason` of every condition, in order. */
function conditionsOf(of: CaptureFacts, now = NOW): string[] {
  const { conditions = [] } = planCapture(of, now).status;
  return conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
}

function messageOf(of: CaptureFacts, type: string, now = NOW): string {
  return planCapture(of, now).status.conditions?.find((condition) => condition.type === type)?.message ?? '';
}

const checkout = capture('shop/checkout', { podSelector: { matchLabels: { app: 'checkout' } } }, { generation: 3 });

describe('every condition is set on the first visit', () => {
  test('of a capture that runs and delivers', () => {
    const of = facts(checkout, {
      matchedPods: 12,
      nodes: [
        nodeFacts('a', { report: report(checkout, { flows: FLOWS }) }),
        nodeFacts('b', { report: report(checkout) }),
      ],
    });
    expect(conditionsOf(of)).toEqual([
      'Accepted True Accepted',
      'ResolvedRefs True ResolvedRefs',
      'Programmed True Programmed',
      'Delivering True Delivering',
      'Ready True Delivering',
    ]);
    expect(planCapture(of, NOW).status).toMatchObject({
      observedGeneration: 3,
      matchedPods: 12,
      nodes: { desired: 2, programmed: 2, failed: 0, summary: '2/2' },
      flows: FLOWS,
    });
  });

  test('of one that has no flow yet, that selects nothing, that is suspended', () => {
    const nodes = [nodeFacts('a', { report: report(checkout) })];
    expect(conditionsOf(facts(checkout, { nodes }))).toContain('Ready True NoFlowsYet');
    expect(conditionsOf(facts(checkout, { nodes, matchedPods: 0 }))).toContain('Ready True NoPodsMatched');
    const asleep = capture('shop/asleep', { suspend: true });
    expect(conditionsOf(facts(asleep, { nodes }))).toEqual([
      'Accepted True Accepted',
      'ResolvedRefs True ResolvedRefs',
      'Programmed True Suspended',
      'Delivering Unknown Suspended',
      'Ready True Suspended',
    ]);
    expect(planCapture(facts(asleep, { nodes }), NOW).status.nodes?.summary).toBe('0/0');
  });

  test('of one that is not legal, which is stalled, and of one whose export is missing, which is not', () => {
    const illegal = capture('shop/illegal', { protocols: ['UDP'] });
    expect(conditionsOf(facts(illegal))).toEqual([
      'Accepted False NotSupportedYet',
      'ResolvedRefs True ResolvedRefs',
      'Programmed Unknown NotAccepted',
      'Delivering Unknown NotAccepted',
      'Ready False NotSupportedYet',
      'Stalled True NotSupportedYet',
    ]);
    expect(messageOf(facts(illegal), 'Ready')).toMatch(/^spec\.protocols\[0\]: UDP is not honoured/);
    const resolved = verdict('FlowCapture', 'ResolvedRefs', 'ExportNotFound', 'there is no FlowExport shop/x');
    expect(conditionsOf(facts(checkout, { resolved }))).toEqual([
      'Accepted True Accepted',
      'ResolvedRefs False ExportNotFound',
      'Programmed Unknown RefsNotResolved',
      'Delivering Unknown RefsNotResolved',
      'Ready False ExportNotFound',
    ]);
  });
});

/** A status that has this generation programmed everywhere. */
function settled(generation: number): FlowCapture['status'] {
  const lastTransitionTime = '2026-11-25T11:00:00Z';
  const rest = { observedGeneration: generation, lastTransitionTime, reason: 'Programmed', message: '' };
  return { conditions: [{ type: 'Programmed', status: 'True', ...rest }] };
}

describe('Programmed', () => {
  test('is unknown while a node has not reported this generation, and names it', () => {
    const nodes = [
      nodeFacts('a', { report: report(checkout) }),
      nodeFacts('b', { report: report(checkout, { generation: 2 }) }),
      nodeFacts('c'),
      nodeFacts('d', { report: report(checkout, { state: 'Ended' }) }),
    ];
    const of = facts(checkout, { nodes });
    expect(conditionsOf(of)).toContain('Programmed Unknown AgentNotReporting');
    expect(conditionsOf(of)).toContain('Ready Unknown AgentNotReporting');
    expect(messageOf(of, 'Programmed')).toMatch(/^3 of 4 nodes do not report generation 3 yet: b, c, d\./);
    expect(planCapture(of, NOW).status.nodes).toEqual({ desired: 4, programmed: 1, failed: 0, summary: '1/4' });
  });

  test('is false where a node fails, the worst reason first, with its own words', () => {
    const nodes = [
      nodeFacts('a', { report: report(checkout, { state: 'Unsupported', message: 'kernel 5.4 has no BTF' }) }),
      nodeFacts('c', { report: report(checkout, { state: 'Failed', message: 'R1 invalid mem access\u001b[2J' }) }),
      nodeFacts('b', { refused: true }),
      nodeFacts('d'),
    ];
    const of = facts(checkout, { nodes });
    expect(conditionsOf(of)).toContain('Programmed False ProgramFailed');
    expect(messageOf(of, 'Programmed')).toBe(
      String.raw`node c: R1 invalid mem access\x1b[2J; 2 more nodes, see status.failures`,
    );
    const { status } = planCapture(of, NOW);
    expect(status.nodes).toEqual({ desired: 4, programmed: 0, failed: 3, summary: '0/4' });
    expect(status.failures?.map(({ node, reason }) => `${node} ${reason}`)).toEqual([
      'c ProgramFailed',
      'a Unsupported',
      'b PlanTooLarge',
    ]);
  });

  test('lists five failures at most', () => {
    const nodes = Array.from({ length: 9 }, (_, at) =>
      nodeFacts(`n${at}`, { report: report(checkout, { state: 'Failed' }) }),
    );
    const { failures = [] } = planCapture(facts(checkout, { nodes }), NOW).status;
    expect(failures.map(({ node }) => node)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4']);
    expect(messageOf(facts(checkout, { nodes }), 'Programmed')).toContain('8 more nodes');
  });

  test('leaves out a node without a ready agent, by name, and one that has just joined without a word', () => {
    const nodes = [
      nodeFacts('a', { report: report(checkout) }),
      nodeFacts('old', { agentReady: false }),
      nodeFacts('down', { ready: false, report: report(checkout) }),
      nodeFacts('new', { agentReady: false, createdAt: NOW - 60_000 }),
    ];
    const of = facts(checkout, { nodes });
    expect(conditionsOf(of)).toContain('Programmed True Programmed');
    expect(messageOf(of, 'Programmed')).toBe(
      '1 node runs this generation; left out, since they have no ready agent: down, old',
    );
    expect(planCapture(of, NOW)).toMatchObject({ status: { nodes: { summary: '1/1' } }, recheckMillis: 60_000 });
  });

  test('is unknown where no node in scope has an agent at all', () => {
    const of = facts(checkout, {
      nodes: [nodeFacts('a', { agentReady: false }), nodeFacts('b', { agentReady: false })],
    });
    expect(conditionsOf(of)).toContain('Programmed Unknown AgentNotReporting');
    expect(messageOf(of, 'Programmed')).toMatch(/a, b/);
    const young = facts(checkout, { nodes: [nodeFacts('a', { agentReady: false, createdAt: NOW - 1000 })] });
    expect(conditionsOf(young)).toContain('Programmed Unknown AgentNotReporting');
  });

  test('stays true for half a minute when a running capture reaches another node, and not longer', () => {
    const running = capture('shop/checkout', {}, { generation: 3, status: settled(3) });
    const nodes = [nodeFacts('a', { report: report(running) }), nodeFacts('b', { plannedAt: NOW - 10_000 })];
    const of = facts(running, { nodes });
    expect(conditionsOf(of)).toContain('Programmed True Programmed');
    expect(planCapture(of, NOW)).toMatchObject({ status: { nodes: { summary: '1/2' } }, recheckMillis: 20_000 });
    expect(conditionsOf(of, NOW + 20_000)).toContain('Programmed Unknown AgentNotReporting');
    const changed = capture('shop/checkout', {}, { generation: 4, status: settled(3) });
    expect(conditionsOf(facts(changed, { nodes }))).toContain('Programmed Unknown AgentNotReporting');
  });

  test('is true where there is nothing to program', () => {
    expect(messageOf(facts(checkout, { matchedPods: 0 }), 'Programmed')).toMatch(/^no node has a pod in scope/);
    expect(planCapture(facts(checkout, { matchedPods: 0 }), NOW).status.nodes?.summary).toBe('0/0');
  });
});

describe('Delivering', () => {
  test('is false where an export fails on a node, whatever else was delivered', () => {
    const failing = [{ uid: 'x', name: 'weir-system/archive', state: 'Failing', message: 'no space left' } as const];
    const nodes = [
      nodeFacts('a', { report: report(checkout, { flows: FLOWS }) }),
      nodeFacts('b', { report: report(checkout), failing }),
    ];
    const of = facts(checkout, { nodes });
    expect(conditionsOf(of)).toContain('Delivering False SinkUnreachable');
    expect(conditionsOf(of)).toContain('Ready False SinkUnreachable');
    expect(messageOf(of, 'Ready')).toBe('node b: FlowExport weir-system/archive: no space left');
    expect(planCapture(of, NOW).status.failures).toEqual([
      { node: 'b', reason: 'SinkUnreachable', message: 'FlowExport weir-system/archive: no space left' },
    ]);
  });
});

describe('the ledger', () => {
  test('sums all nodes, those that left the scope and those that are gone included', () => {
    const old = capture(
      'shop/checkout',
      {},
      {
        status: { retired: { observed: 100, exported: 90, filtered: 4, sampledOut: 0, lost: 6, agents: ['gone'] } },
      },
    );
    const row = (name: string, terminating: boolean, state: 'Programmed' | 'Ended') => ({
      agent: name,
      node: name,
      terminating,
      alive: true,
      row: report(old, { state, flows: FLOWS }),
    });
    const rows = [row('a', false, 'Programmed'), row('left', false, 'Ended'), row('leaving', true, 'Programmed')];
    const { status } = planCapture(facts(old, { rows, agentExists: (uid) => uid !== 'gone' }), NOW);
    expect(status.flows).toEqual({ perSecond: 3, observed: 160, exported: 141, filtered: 7, sampledOut: 0, lost: 12 });
    expect(status.retired).toEqual({
      observed: 120,
      exported: 107,
      filtered: 5,
      sampledOut: 0,
      lost: 8,
      agents: ['leaving'],
    });
  });

  test('keeps the latest flow, also when its node is gone', () => {
    const times = ['2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z'];
    const rows = times.map((lastFlowTime, at) => ({
      agent: `${at}`,
      node: `${at}`,
      terminating: false,
      alive: true,
      row: report(checkout, { lastFlowTime }),
    }));
    expect(planCapture(facts(checkout, { rows }), NOW).status.lastFlowTime).toBe(times[1]);
    const later = capture('shop/checkout', {}, { status: { lastFlowTime: '2026-11-25T11:30:00Z' } });
    expect(planCapture(facts(later, { rows }), NOW).status.lastFlowTime).toBe('2026-11-25T11:30:00Z');
  });
});

describe('a capture that ends by itself', () => {
  const created = '2026-11-25T11:55:00Z';
  const short = capture('shop/short', { durationSeconds: 360 }, { created });
  const flows = { nodes: [nodeFacts('a', { report: report(short, { flows: FLOWS }) })] };
  const END = NOW + 60_000;
  const over = [
    'Accepted True Accepted',
    'ResolvedRefs True ResolvedRefs',
    'Programmed True Completed',
    'Delivering Unknown Completed',
    'Ready True Completed',
  ];

  test('runs until then, says when that is, and is looked at again at that instant', () => {
    expect(planCapture(facts(short, flows), NOW)).toMatchObject({
      recheckMillis: 60_000,
      status: { endTime: '2026-11-25T12:01:00Z' },
    });
    expect(conditionsOf(facts(short, flows), END - 1)).toContain('Ready True Delivering');
    expect(conditionsOf(facts(short, flows), END)).toEqual(over);
    expect(messageOf(facts(short, flows), 'Ready', END)).toMatch(/^its durationSeconds of 360 .* 2026-11-25T12:01:00Z/);
  });

  test('keeps what it counted, and is not looked at again', () => {
    const rows = [report(short, { state: 'Ended', flows: { ...FLOWS, perSecond: 0 } })].map((row) => ({
      agent: 'agent-a',
      node: 'a',
      terminating: false,
      alive: true,
      row,
    }));
    const { recheckMillis, status } = planCapture(facts(short, { rows }), END);
    expect([recheckMillis, status.nodes?.summary, status.endTime]).toEqual([undefined, '0/0', '2026-11-25T12:01:00Z']);
    expect(status.flows).toEqual({ ...FLOWS, perSecond: 0 });
  });

  test('has ended also where it is suspended, and goes on once it has longer', () => {
    const asleep = capture('shop/short', { durationSeconds: 360, suspend: true }, { created });
    expect(conditionsOf(facts(asleep), END - 1)).toContain('Ready True Suspended');
    expect(conditionsOf(facts(asleep), END)).toEqual(over);
    const { status } = planCapture(facts(short, flows), END);
    const longer = capture('shop/short', { durationSeconds: 420 }, { created, status });
    expect(conditionsOf(facts(longer, flows), END)).toContain('Ready True Delivering');
    expect(planCapture(facts(longer, flows), END)).toMatchObject({
      recheckMillis: 60_000,
      status: { endTime: '2026-11-25T12:02:00Z' },
    });
  });

  test('has ended well, whatever becomes of its exports afterwards', () => {
    const resolved = verdict('FlowCapture', 'ResolvedRefs', 'ExportNotFound', 'there is no FlowExport shop/x');
    const { status } = planCapture(facts(short, flows), END - 1);
    const ran = capture('shop/short', { durationSeconds: 360 }, { created, status });
    expect(conditionsOf(facts(ran, { resolved }), END - 1)).toContain('Ready False ExportNotFound');
    expect(conditionsOf(facts(ran, { resolved }), END)).toEqual(over.with(1, 'ResolvedRefs False ExportNotFound'));
  });

  test('has not ended well where its export was missing to the end', () => {
    const resolved = verdict('FlowCapture', 'ResolvedRefs', 'ExportNotFound', 'there is no FlowExport shop/x');
    const { status } = planCapture(facts(short, { resolved }), END - 1);
    const never = capture('shop/short', { durationSeconds: 360 }, { created, status });
    expect(conditionsOf(facts(never, { resolved }), END)).toContain('Ready False ExportNotFound');
  });

  test('is looked at earlier where something else asks for it, and each day where it lasts for months', () => {
    const nodes = [nodeFacts('new', { agentReady: false, createdAt: NOW - 90_000 })];
    expect(planCapture(facts(short, { nodes }), NOW).recheckMillis).toBe(30_000);
    const year = capture('shop/year', { durationSeconds: 31_536_000 }, { created });
    expect(planCapture(facts(year), NOW).recheckMillis).toBe(86_400_000);
  });
});

describe('looking again', () => {
  const nodes = [nodeFacts('a', { report: report(checkout, { flows: FLOWS }) })];
  const { status } = planCapture(facts(checkout, { nodes }), NOW);
  const again = { ...checkout, object: { ...checkout.object, status } };

  test('later at the same facts gives the same status', () => {
    expect(planCapture(facts(again, { nodes }), NOW + 86_400_000).status).toEqual(status);
  });

  test('moves lastTransitionTime only with the status of a condition', () => {
    const later = NOW + 5000;
    const idle = planCapture(facts(again, { nodes: [nodeFacts('a', { report: report(checkout) })] }), later).status;
    const times = Object.fromEntries(
      (idle.conditions ?? []).map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    );
    expect(times).toEqual({
      Accepted: '2026-11-25T12:00:00Z',
      ResolvedRefs: '2026-11-25T12:00:00Z',
      Programmed: '2026-11-25T12:00:00Z',
      Delivering: '2026-11-25T12:00:05Z',
      Ready: '2026-11-25T12:00:00Z',
    });
    expect(idle.conditions?.at(-1)?.reason).toBe('NoFlowsYet');
  });
});

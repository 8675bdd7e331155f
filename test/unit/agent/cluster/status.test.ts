import { describe, expect, test } from 'vitest';
import { agentStatus, type StatusFacts } from '../../../../src/agent/cluster/status.ts';
import { Totals } from '../../../../src/agent/cluster/totals.ts';
import type { AgentReport } from '../../../../src/agent/lifecycle.ts';
import { FILES_WALKED } from '../../../../src/agent/load/report-walk.ts';
import type { CaptureReport, ExportReport } from '../../../../src/api/types.generated.ts';
import { WeirError } from '../../../../src/lib/errors.ts';
import { canonicalJson } from '../../../../src/plan/canonical.ts';
import { FEATURES } from '../../../../src/plan/programs.ts';
import { account, agentReport, exportAccount, plannedCapture, plannedExport, standing } from './reports.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const LATER = NOW + 3_600_000;
const REFUSED = new WeirError('KernelRefused', 'the kernel refused the tcp program');

/** An agent that runs what the FlowAgent asks for, save for what is said. */
function facts(parts: Partial<StatusFacts> = {}): StatusFacts {
  const { standing: of = standing([plannedCapture(0)], [plannedExport(0)]), report = agentReport() } = parts;
  const totals = new Totals();
  totals.begin(of.uid, of.status, report);
  return {
    version: '0.1.0',
    kernel: { release: '6.18.0', btf: true },
    standing: of,
    refused: new Map(),
    failure: undefined,
    report,
    totals,
    rate: () => 0,
    degraded: undefined,
    ...parts,
  };
}

function captureRow(parts: Partial<StatusFacts>, uid = 'uid-c0'): CaptureReport | undefined {
  return agentStatus(facts(parts), NOW).captures?.find((row) => row.uid === uid);
}

function exportRow(parts: Partial<StatusFacts>, uid = 'uid-x0'): ExportReport | undefined {
  return agentStatus(facts(parts), NOW).exports?.find((row) => row.uid === uid);
}

function condition(type: string, parts: Partial<StatusFacts>, now = NOW) {
  return agentStatus(facts(parts), now).conditions?.find((each) => each.type === type);
}

describe('the status of a FlowAgent', () => {
  test('says what runs', () => {
    expect(agentStatus(facts(), NOW)).toMatchObject({
      observedGeneration: 5,
      planHash: 'a'.repeat(64),
      version: '0.1.0',
      features: [...FEATURES],
      kernel: { release: '6.18.0', btf: true },
      programs: [{ name: 'tcp', state: 'Attached' }],
      captures: [{ uid: 'uid-c0', name: 'shop/c0', generation: 3, state: 'Programmed' }],
      exports: [{ uid: 'uid-x0', name: 'ops/x0', state: 'Idle' }],
    });
  });

  test('is equal to the byte as long as nothing has changed, however much later', () => {
    const report = agentReport(
      [account(0, { observed: 23, lastMicros: NOW * 1000 })],
      [exportAccount(0, { delivered: 23 })],
    );
    const first = agentStatus(facts({ report }), NOW);
    const of = { ...standing([plannedCapture(0)], [plannedExport(0)]), status: first };
    // The same process: its totals began before the first report.
    const second = agentStatus({ ...facts({ report }), standing: of }, LATER);
    expect(canonicalJson(second)).toBe(canonicalJson(first));
  });

  test('is the same, to the byte, of another process that has counted nothing yet', () => {
    const report = agentReport(
      [account(0, { observed: 23, exported: 23, lastMicros: NOW * 1000 })],
      [exportAccount(0, { delivered: 23, lastDelivered: NOW })],
    );
    const first = agentStatus(facts({ report }), NOW);
    const of = { ...standing([plannedCapture(0)], [plannedExport(0)]), status: first };
    const next = facts({ standing: of, report: agentReport([account(0)], [exportAccount(0)]) });
    expect(canonicalJson(agentStatus(next, LATER))).toBe(canonicalJson(first));
  });
});

describe('what is said of a capture', () => {
  test('are its totals, its rate, and the end of its latest flow', () => {
    const report = agentReport([account(0, { observed: 23, exported: 11, lastMicros: (NOW + 999) * 1000 })]);
    expect(captureRow({ report, rate: () => 14 })).toMatchObject({
      flows: { perSecond: 14, observed: 23, exported: 11, filtered: 0, sampledOut: 0, lost: 0 },
      lastFlowTime: '2026-11-25T12:00:00Z',
    });
  });

  test('is no time where there was no flow yet', () => {
    expect(captureRow({ report: agentReport([account(0)]) })).not.toHaveProperty('lastFlowTime');
  });

  test('is that it does not run, where the kernel refuses its program', () => {
    const message = 'the kernel refused the tcp program';
    expect(captureRow({ failure: REFUSED })).toMatchObject({ state: 'Failed', reason: 'KernelRefused', message });
    const { programs } = agentStatus(facts({ failure: REFUSED }), NOW);
    expect(programs).toEqual([{ name: 'tcp', state: 'Failed', reason: 'KernelRefused', message }]);
  });

  test('that asks for what this agent cannot do, is exactly that, and nothing of it runs', () => {
    const dns = plannedCapture(1, { needs: ['protocol.DNS', 'protocol.TCP'], programs: ['dns', 'tcp'] });
    const refused = new Map([['uid-c1', ['protocol.DNS']]]);
    const status = agentStatus(facts({ standing: standing([plannedCapture(0), dns]), refused }), NOW);
    expect(status.captures).toMatchObject([
      { uid: 'uid-c0', state: 'Programmed' },
      {
        uid: 'uid-c1',
        state: 'Unsupported',
        reason: 'AgentTooOld',
        message: 'this agent is too old for protocol.DNS: update it',
      },
    ]);
    expect(status.programs).toMatchObject([
      { name: 'tcp', state: 'Attached' },
      { name: 'dns', state: 'Unsupported', reason: 'AgentTooOld' },
    ]);
  });

  test('that runs on a kernel that refuses a part of it says what it does without', () => {
    const report: AgentReport = { ...agentReport(), reportWalk: 'files' };
    expect(agentStatus(facts({ report }), NOW).programs).toEqual([
      { name: 'tcp', state: 'Attached', message: `${FILES_WALKED.found}; ${FILES_WALKED.lacks}` },
    ]);
  });

  test('that gets nothing of a pod since too many others select it says so', () => {
    const report = { ...agentReport([account(0), account(1)]), crowdedOut: [1] };
    const status = agentStatus(facts({ standing: standing([plannedCapture(0), plannedCapture(1)]), report }), NOW);
    expect(status.captures).toMatchObject([
      { uid: 'uid-c0', state: 'Programmed' },
      {
        uid: 'uid-c1',
        state: 'Failed',
        reason: 'TooManyCaptures',
        message: expect.stringMatching(/^more than 64 captures/),
      },
    ]);
  });

  test('is not that a program is attached that only refused captures ask for', () => {
    const refused = new Map([['uid-c0', ['protocol.DNS']]]);
    const { programs } = agentStatus(facts({ refused, failure: undefined }), NOW);
    expect(programs).toMatchObject([{ name: 'tcp', state: 'Unsupported', reason: 'AgentTooOld' }]);
  });
});

describe('a capture that has left the plan', () => {
  const former: CaptureReport = {
    uid: 'uid-c7',
    name: 'shop/c7',
    generation: 9,
    state: 'Programmed',
    flows: { perSecond: 14, observed: 100 },
    lastFlowTime: '2026-11-24T00:00:00Z',
  };
  const of = standing([], [], { status: { captures: [former] } });

  test('keeps its totals, without a rate, over restarts', () => {
    expect(captureRow({ standing: of }, 'uid-c7')).toEqual({
      uid: 'uid-c7',
      name: 'shop/c7',
      generation: 9,
      state: 'Ended',
      flows: { perSecond: 0, observed: 100, exported: 0, filtered: 0, sampledOut: 0, lost: 0 },
      lastFlowTime: '2026-11-24T00:00:00Z',
    });
  });

  test('has the time of its very last flow, also of one that came after the report before', () => {
    const report = agentReport([account(7, { observed: 3, lastMicros: NOW * 1000 })]);
    expect(captureRow({ standing: of, report }, 'uid-c7')).toMatchObject({
      flows: { observed: 103 },
      lastFlowTime: '2026-11-25T12:00:00Z',
    });
  });

  test('is not remembered where it has counted nothing', () => {
    const rows = agentStatus(facts({ standing: standing([]), report: agentReport([account(7)]) }), NOW).captures;
    expect(rows).toEqual([]);
  });

  test('is one of 256 beside a full plan: of this process first, then those of before, each once', () => {
    const planned = Array.from({ length: 256 }, (_, index) => plannedCapture(index));
    const own = Array.from({ length: 456 }, (_, index) => account(index, { observed: 1 }));
    const before = Array.from({ length: 100 }, (_, index) => ({ ...former, uid: `uid-c${400 + index}` }));
    const full = standing(planned, [], { status: { captures: before } });
    const rows = agentStatus(facts({ standing: full, report: agentReport(own) }), NOW).captures ?? [];
    const ended = rows.slice(256);
    expect(rows.slice(0, 256).map(({ state }) => state)).toEqual(planned.map(() => 'Programmed'));
    expect(ended.map(({ uid }) => uid)).toEqual([
      ...Array.from({ length: 200 }, (_, index) => `uid-c${455 - index}`),
      ...Array.from({ length: 44 }, (_, index) => `uid-c${456 + index}`),
    ]);
    const more = Array.from({ length: 500 }, (_, index) => ({ ...former, uid: `uid-c${400 + index}` }));
    const over = facts({ standing: standing(planned, [], { status: { captures: more } }), report: agentReport(own) });
    expect(agentStatus(over, NOW).captures).toHaveLength(512);
  });
});

describe('what is said of an export', () => {
  test('is that it delivers, since when it last did, and what waits', () => {
    const counts = { delivered: 23, dropped: 3, backlog: 5, lastDelivered: NOW };
    expect(exportRow({ report: agentReport([], [exportAccount(0, counts)]), rate: () => 7 })).toEqual({
      uid: 'uid-x0',
      name: 'ops/x0',
      state: 'Delivering',
      delivered: 23,
      dropped: 3,
      backlog: 5,
      deliveredPerSecond: 7,
      lastDeliveredTime: '2026-11-25T12:00:00Z',
    });
  });

  test('is why it fails, in one line', () => {
    const failure = new WeirError('SinkFailed', 'no room\nleft');
    expect(exportRow({ report: agentReport([], [exportAccount(0, { failure })]) })).toMatchObject({
      state: 'Failing',
      reason: 'SinkFailed',
      message: 'no room left',
    });
  });

  test('that has left the plan are its totals and its last delivery', () => {
    const report = agentReport([], [exportAccount(4, { delivered: 2, lastDelivered: NOW })]);
    const before = { uid: 'uid-x4', name: 'ops/x4', state: 'Delivering' as const, delivered: 10, backlog: 3 };
    const of = standing([], [], { status: { exports: [before] } });
    expect(agentStatus(facts({ standing: of, report }), NOW).exports).toEqual([
      {
        uid: 'uid-x4',
        name: 'ops/x4',
        state: 'Ended',
        delivered: 12,
        dropped: 0,
        lastDeliveredTime: '2026-11-25T12:00:00Z',
      },
    ]);
  });
});

describe('the conditions', () => {
  test('are Ready, and nothing amiss, where the whole plan runs', () => {
    const rest = { observedGeneration: 5, lastTransitionTime: '2026-11-25T12:00:00Z' };
    expect(agentStatus(facts(), NOW).conditions).toEqual([
      { type: 'Ready', status: 'True', reason: 'PlanApplied', message: 'the whole plan runs', ...rest },
      { type: 'Degraded', status: 'False', reason: 'AsExpected', message: 'nothing is amiss', ...rest },
    ]);
  });

  test('say why not', () => {
    const refused = new Map([['uid-c0', ['protocol.DNS']]]);
    expect(condition('Ready', { failure: REFUSED, refused })).toMatchObject({
      status: 'False',
      reason: 'KernelRefused',
    });
    expect(condition('Ready', { refused })).toMatchObject({
      status: 'False',
      reason: 'AgentTooOld',
      message: 'captures that ask for what this agent cannot do yet: 1; update it',
    });
    const degraded = { reason: 'Restarted' as const, message: 'nobody looked' };
    expect(condition('Degraded', { degraded })).toMatchObject({ status: 'True', ...degraded });
  });

  test('keep their time as long as their status is the same, and get a new one when it changes', () => {
    const status = agentStatus(facts(), NOW);
    const of = standing([plannedCapture(0)], [], { status, generation: 6 });
    expect(condition('Ready', { standing: of }, LATER)).toMatchObject({
      observedGeneration: 6,
      lastTransitionTime: '2026-11-25T12:00:00Z',
    });
    expect(condition('Ready', { standing: of, failure: REFUSED }, LATER)).toMatchObject({
      lastTransitionTime: '2026-11-25T13:00:00Z',
    });
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { Exports } from '../../../../src/agent/export/exports.ts';
import { NOT_FOLLOWED } from '../../../../src/agent/restart/unsettled.ts';
import type { Outcome } from '../../../../src/export/outcome.ts';
import { WeirError } from '../../../../src/lib/errors.ts';
import type { PlanExport } from '../../../../src/plan/plan.ts';
import type { Flow } from '../../../../src/record/flow.ts';
import { ManualTimers, settle } from '../../../support/manual-timers.ts';
import { flow } from '../../export/flows.ts';

let timers: ManualTimers;
let settled: [index: number, count: number, outcome: Outcome][];
let failures: string[];
let changes: number;
/** What each sink that was opened got, by the path of its file; `closed` at its end. */
let sinks: { readonly path: string; readonly got: (Flow | 'closed')[] }[];
let refuse: WeirError | undefined;
let exports: Exports;

beforeEach(() => {
  timers = new ManualTimers();
  [settled, failures, changes, sinks, refuse] = [[], [], 0, [], undefined];
  exports = new Exports({
    async open({ spec }) {
      if (refuse !== undefined) throw refuse;
      const sink = { path: spec.file?.path ?? '', got: [] as (Flow | 'closed')[] };
      sinks.push(sink);
      return {
        write: async (batch) => void sink.got.push(...batch),
        close: async () => void sink.got.push('closed'),
      };
    },
    exporter: { maxQueued: 10, maxRecords: 1, maxMillis: 10, retryMillis: 20, onFull: 'DropNewest' },
    drainMillis: 1000,
    reopenMillis: 5000,
    timers,
    now: () => 1234,
    settled: (index, flows, outcome) => settled.push([index, flows.length, outcome]),
    failed: (name, error) => failures.push(`${name}: ${error.message}`),
    follow: () => NOT_FOLLOWED,
    stateChanged: () => {
      changes += 1;
    },
  });
});

function target(index: number, path: string): PlanExport {
  return { index, name: `ops/x${index}`, uid: `uid-${index}`, generation: 1, spec: { file: { path } } };
}

async function send(index: number): Promise<void> {
  exports.exporter(index)?.offer(flow());
  await settle();
}

describe('the exports of a plan', () => {
  test('take flows by their index, and count what became of them', async () => {
    exports.adopt([target(4, '/a'), target(7, '/b')]);
    await send(7);
    await send(7);
    expect(settled).toEqual([
      [7, 1, 'delivered'],
      [7, 1, 'delivered'],
    ]);
    // The first delivery, and no other.
    expect(changes).toBe(1);
    const nothing = { uid: 'uid-4', delivered: 0, dropped: 0, backlog: 0, lastDelivered: 0, failure: undefined };
    expect(exports.accounts()).toEqual([
      { ...nothing, index: 4, name: 'ops/x4' },
      { ...nothing, index: 7, name: 'ops/x7', uid: 'uid-7', delivered: 2, lastDelivered: 1234 },
    ]);
  });

  test('that stay go on as they are, those that are gone are emptied and closed, and their counts stay', async () => {
    exports.adopt([target(4, '/a'), target(7, '/b')]);
    await send(4);
    await send(7);
    exports.adopt([target(7, '/b')]);
    await settle();
    expect(exports.exporter(4)).toBeUndefined();
    await send(7);
    expect(sinks.map(({ path, got }) => [path, got.length, got.at(-1) === 'closed'])).toEqual([
      ['/a', 2, true],
      ['/b', 2, false],
    ]);
    expect(exports.accounts().map(({ index, delivered }) => [index, delivered])).toEqual([
      [4, 1],
      [7, 2],
    ]);
    exports.forget(4);
    expect(exports.accounts().map(({ index }) => index)).toEqual([7]);
  });

  test('that have ended stand in the order of their ends, before those of the plan', () => {
    const plans = [[4, 7, 9], [9, 4], [4], [4, 11]];
    for (const indices of plans) exports.adopt(indices.map((index) => target(index, '/a')));
    expect(exports.accounts().map(({ index }) => index)).toEqual([7, 9, 4, 11]);
  });

  test('whose spec has changed get another sink, and go on counting', async () => {
    exports.adopt([target(4, '/a')]);
    await send(4);
    exports.adopt([target(4, '/c')]);
    await settle();
    await send(4);
    expect(sinks.map(({ path, got }) => [path, got.filter((each) => each !== 'closed').length])).toEqual([
      ['/a', 1],
      ['/c', 1],
    ]);
    expect(exports.accounts()).toMatchObject([{ index: 4, delivered: 2 }]);
  });

  test('are all emptied and closed at the end', async () => {
    exports.adopt([target(4, '/a')]);
    exports.exporter(4)?.offer(flow());
    await exports.drain();
    expect(settled).toEqual([[4, 1, 'delivered']]);
    expect(sinks[0]?.got.at(-1)).toBe('closed');
  });
});

describe('an export whose sink cannot be opened', () => {
  test('says so before the first flow, and is well as soon as it can', async () => {
    refuse = new WeirError('InvalidInput', 'needs a directory');
    exports.adopt([target(4, '/a')]);
    await settle();
    expect(failures).toEqual(['ops/x4: needs a directory']);
    expect([exports.accounts()[0]?.failure, changes]).toEqual([refuse, 1]);
    refuse = undefined;
    await timers.pass(5000);
    expect([exports.accounts()[0]?.failure, changes]).toEqual([undefined, 2]);
    await send(4);
    expect(settled).toEqual([[4, 1, 'delivered']]);
  });

  test('loses what comes meanwhile with a number, and holds nobody else up', async () => {
    refuse = new WeirError('InvalidInput', 'needs a directory');
    exports.adopt([target(4, '/a')]);
    await settle();
    await send(4);
    expect(settled).toEqual([[4, 1, 'sinkFailed']]);
    expect(exports.accounts()).toMatchObject([{ dropped: 1, delivered: 0, failure: refuse }]);
    exports.adopt([]);
    await exports.drain();
    expect([exports.accounts()[0]?.failure, timers.armed]).toEqual([undefined, 0]);
  });
});

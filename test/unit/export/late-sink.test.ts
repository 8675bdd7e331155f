import { beforeEach, describe, expect, test } from 'vitest';
import { lateSink } from '../../../src/export/late-sink.ts';
import type { Sink } from '../../../src/export/sink.ts';
import { WeirError } from '../../../src/lib/errors.ts';
import { ManualTimers, settle } from '../../support/manual-timers.ts';
import { flow } from './flows.ts';

let timers: ManualTimers;
/** What has happened, in order. */
let steps: string[];
/** Each try to open it, oldest first. */
let tries: PromiseWithResolvers<Sink>[];
let sink: Sink;

const NO_FOLDER = new WeirError('InvalidInput', 'needs a directory');
const OPENED: Sink = {
  write: async (batch) => void steps.push(`write ${batch.length}`),
  close: async () => void steps.push('close'),
};

beforeEach(() => {
  timers = new ManualTimers();
  [steps, tries] = [[], []];
  sink = lateSink({
    open: () => {
      const one = Promise.withResolvers<Sink>();
      tries.push(one);
      return one.promise;
    },
    timers,
    retryMillis: 5000,
    opened: () => steps.push('opened'),
    failed: (error) => steps.push(`failed: ${error.message}`),
  });
});

async function opens(): Promise<void> {
  tries.at(-1)?.resolve(OPENED);
  await settle();
}

async function fails(error: Error = NO_FOLDER): Promise<void> {
  tries.at(-1)?.reject(error);
  await settle();
}

describe('a sink that is opened late', () => {
  test('is opened at once and once, and what comes before waits for it', async () => {
    const written = sink.write([flow(), flow()]);
    await settle();
    expect([steps, tries.length]).toEqual([[], 1]);
    await opens();
    await written;
    await sink.write([flow()]);
    expect([steps, tries.length, timers.armed]).toEqual([['opened', 'write 2', 'write 1'], 1, 0]);
  });

  test('is tried again by itself until it opens, and each failure is told', async () => {
    await fails();
    await timers.pass(4999);
    expect(tries).toHaveLength(1);
    await timers.pass(1);
    await fails();
    await timers.pass(5000);
    await opens();
    expect(steps).toEqual(['failed: needs a directory', 'failed: needs a directory', 'opened']);
    await timers.pass(60_000);
    expect(tries).toHaveLength(3);
  });

  test('is tried at once for a batch, whose writer is told the failure, and not twice at a time', async () => {
    await fails();
    const written = Promise.allSettled([sink.write([flow()]), sink.write([flow()])]);
    await settle();
    expect([tries.length, timers.armed]).toEqual([2, 0]);
    await fails();
    expect(await written).toEqual([
      { status: 'rejected', reason: NO_FOLDER },
      { status: 'rejected', reason: NO_FOLDER },
    ]);
    expect([steps, timers.armed]).toEqual([['failed: needs a directory'], 1]);
  });

  test('tells an error of nobody as one of Weir', async () => {
    const written = Promise.allSettled([sink.write([flow()])]);
    await fails(new TypeError('odd'));
    expect(await written).toMatchObject([{ reason: { code: 'Internal', message: 'TypeError: odd' } }]);
    expect(steps).toEqual(['failed: TypeError: odd']);
  });
});

describe('a late sink that is closed', () => {
  test('closes what was opened, also what opens only then', async () => {
    const closed = sink.close();
    await opens();
    await closed;
    expect(steps).toEqual(['opened', 'close']);
  });

  test('is not tried any more, whether its last try has failed or fails only then', async () => {
    await fails();
    await sink.close();
    expect(timers.armed).toBe(0);
    await timers.pass(5000);
    expect(tries).toHaveLength(1);
    sink = lateSink({
      open: () => Promise.reject(NO_FOLDER),
      timers,
      retryMillis: 5000,
      opened: () => steps.push('opened'),
      failed: () => steps.push('failed'),
    });
    await sink.close();
    expect([steps.slice(1), timers.armed]).toEqual([['failed'], 0]);
  });
});

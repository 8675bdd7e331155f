import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { LivePasses } from '../../../../src/agent/read/live-passes.ts';
import { ManualTimers, settle } from '../../../support/manual-timers.ts';

let timers: ManualTimers;
let log: string[];
let fault: Error | undefined;
let held: PromiseWithResolvers<void> | undefined;
let passes: LivePasses;

beforeEach(() => {
  timers = new ManualTimers();
  log = [];
  [fault, held] = [undefined, undefined];
  const pass = (name: string) => async () => {
    log.push(name);
    await held?.promise;
    if (fault !== undefined) throw fault;
  };
  passes = new LivePasses({
    report: pass('report'),
    takeOver: pass('take over'),
    reportMillis: () => 4000,
    timers,
    failed: (_, times) => log.push(`failed ${times}`),
  });
});

/** What was done since the last call, one pass of time after the other. */
async function after(...millis: readonly number[]): Promise<string[]> {
  for (const step of millis) await timers.pass(step);
  return log.splice(0);
}

describe('the looks at live connections', () => {
  test('begin with what is there, look again soon, and then from time to time', async () => {
    passes.start();
    expect(await after(0)).toEqual(['take over']);
    expect(await after(1000)).toEqual(['take over']);
    expect(await after(3000)).toEqual(['report']);
    expect(await after(1000)).toEqual(['take over']);
    expect(await after(3000)).toEqual(['report']);
    expect(await after(22_000)).toEqual(['report', 'take over']);
    await passes.stop();
    expect([timers.armed, await after(60_000)]).toEqual([0, []]);
  });

  test('come soon after the selection has changed, once for a burst of changes', async () => {
    passes.start();
    await after(0);
    for (let change = 0; change < 3; change++) passes.reselected();
    expect(await after(249)).toEqual([]);
    expect(await after(1)).toEqual(['report', 'take over']);
    passes.reselected();
    expect(await after(250)).toEqual(['report', 'take over']);
    await passes.stop();
  });

  test('come at once where somebody waits for one, after the one that runs', async () => {
    passes.start();
    await after(0);
    held = Promise.withResolvers();
    await after(1000);
    const ends: string[] = [];
    const end = (async () => {
      await passes.reportNow();
      ends.push('reported');
    })();
    await settle();
    expect([log.splice(0), ends]).toEqual([[], []]);
    held.resolve();
    await end;
    expect([log, ends]).toEqual([['report'], ['reported']]);
    await passes.stop();
  });

  test('do not queue up behind a slow one, and one that runs is waited for at the end', async () => {
    held = Promise.withResolvers();
    passes.start();
    expect(await after(0, 1000, 4000, 4000, 30_000)).toEqual(['take over']);
    const ends: string[] = [];
    const end = (async () => {
      await passes.stop();
      ends.push('stopped');
    })();
    await settle();
    expect(ends).toEqual([]);
    held.resolve();
    await end;
    expect([ends, log]).toEqual([['stopped'], []]);
  });

  test('rest ten times as long as they took, also where captures ask for more', async () => {
    passes.start();
    await after(0, 1000);
    held = Promise.withResolvers();
    expect(await after(3000)).toEqual(['report']);
    await pause(500);
    held.resolve();
    await settle();
    // Half a second of looking is followed by five of rest, and not by the four that were asked for.
    expect(await after(1000, 3500)).toEqual(['take over']);
    expect(await after(600_000)).toContain('report');
    await passes.stop();
  });

  test('go on after a failure, which is told with how often in a row', async () => {
    fault = new Error('no descriptors');
    passes.start();
    expect(await after(0, 1000)).toEqual(['take over', 'failed 1', 'take over', 'failed 2']);
    fault = undefined;
    expect(await after(3000)).toEqual(['report']);
    fault = new Error('again');
    expect(await after(1000)).toEqual(['take over', 'failed 1']);
    await passes.stop();
  });
});

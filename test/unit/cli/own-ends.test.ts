import { expect, test } from 'vitest';
import { endByThemselves } from '../../../src/cli/own-ends.ts';
import { ManualTimers } from '../../support/manual-timers.ts';
import { capture, compile } from '../plan/builders.ts';

function setUp(durations: Readonly<Record<string, number>>) {
  const timers = new ManualTimers();
  const { plan } = compile([capture('shop/a'), capture('shop/b'), capture('shop/c')]);
  const log: string[] = [];
  const stop = endByThemselves({
    plan,
    durations: new Map(Object.entries(durations)),
    timers,
    now: () => timers.now,
    left: (rest, ended) =>
      log.push(
        `${ended.join()} of ${[...ended, ...rest.captures.map(({ name }) => name)].length} ${rest.programs.join()}`,
      ),
  });
  return { timers, log, stop };
}

test('each capture ends after its own time, and the last takes the programs along', async () => {
  const { timers, log } = setUp({ 'shop/a': 10, 'shop/b': 20, 'shop/c': 20 });
  await timers.pass(9_999);
  expect(log.splice(0)).toEqual([]);
  await timers.pass(1);
  expect(log.splice(0)).toEqual(['shop/a of 3 tcp']);
  await timers.pass(10_000);
  expect([log.splice(0), timers.armed]).toEqual([['shop/b,shop/c of 2 '], 0]);
});

test('what has no duration goes on, and a long one is waited for in steps', async () => {
  const { timers, log, stop } = setUp({ 'shop/b': 31_536_000 });
  for (let day = 0; day < 364; day++) await timers.pass(86_400_000);
  expect(log).toEqual([]);
  await timers.pass(86_400_000);
  expect([log.splice(0), timers.armed]).toEqual([['shop/b of 3 tcp'], 0]);
  stop();
});

test('nothing is waited for once it has been stopped', () => {
  const { timers, stop } = setUp({ 'shop/a': 10 });
  stop();
  expect(timers.armed).toBe(0);
});

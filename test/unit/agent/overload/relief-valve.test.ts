import { expect, test } from 'vitest';
import type { Relief } from '../../../../src/agent/overload/relief.ts';
import { ReliefValve } from '../../../../src/agent/overload/relief-valve.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';

test('tells what is done without, and why, each time that it changes', async () => {
  const timers = new ManualTimers();
  const told: [Relief, string | undefined][] = [];
  let share = 0.5;
  const valve = new ReliefValve({
    usage: () => [{ of: 'memory (512 MiB)', share }],
    timers,
    changed: (relief, why) => told.push([relief, why]),
  });
  valve.start();
  const pass = async (looks: number) => {
    for (let look = 0; look < looks; look++) await timers.pass(10_000);
    return told.splice(0);
  };
  expect(await pass(10)).toEqual([]);
  share = 0.93;
  expect(await pass(1)).toEqual([
    [
      { lessOften: 2, oneIn: 1 },
      '93 % of its memory (512 MiB) was in use: live connections are reported 2 times less often',
    ],
  ]);
  expect((await pass(3)).at(-1)).toEqual([
    { lessOften: 8, oneIn: 2 },
    '93 % of its memory (512 MiB) was in use: live connections are reported 8 times less often, and of the connections that are captured one in 2 is taken',
  ]);
  share = 0.1;
  expect((await pass(24)).at(-1)).toEqual([{ lessOften: 1, oneIn: 1 }, undefined]);
  valve.stop();
  expect(timers.armed).toBe(0);
});

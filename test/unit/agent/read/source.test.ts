import { expect, test } from 'vitest';
import { waitForRing } from '../../../../src/agent/read/source.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';

function waiting(millis: number) {
  const timers = new ManualTimers();
  const state = { isFilling: false, isOver: false };
  const wait = async () => {
    await waitForRing(() => state.isFilling, millis, timers);
    state.isOver = true;
  };
  void wait();
  return { timers, state };
}

test('the wait for a ring ends after its time', async () => {
  const { timers, state } = waiting(60);
  for (const [millis, over] of [
    [25, false],
    [25, false],
    [9, false],
    [1, true],
  ] as const) {
    await timers.pass(millis);
    expect(state.isOver).toBe(over);
  }
  expect(timers.armed).toBe(0);
});

test('and soon when the ring fills', async () => {
  const { timers, state } = waiting(250);
  await timers.pass(25);
  state.isFilling = true;
  expect(state.isOver).toBe(false);
  await timers.pass(25);
  expect([state.isOver, timers.armed]).toEqual([true, 0]);
});

import { expect, test } from 'vitest';
import type { TcpEvent } from '../../../../src/agent/decode/tcp.ts';
import { Awaited } from '../../../../src/agent/select/awaited.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { tcpEvent } from '../events.ts';

function setUp(maxRecords = 10) {
  const timers = new ManualTimers();
  const released: number[] = [];
  const release = ({ pid }: TcpEvent) => void released.push(pid);
  const awaited = new Awaited({ maxRecords, maxMillis: 1000, timers, release });
  return { timers, released, awaited };
}

test('records wait for their pod alone, and go on in their order', () => {
  const { timers, released, awaited } = setUp();
  for (const pid of [1, 2]) awaited.hold('a', tcpEvent({ pid }));
  awaited.hold('b', tcpEvent({ pid: 3 }));
  expect([...awaited.pods]).toEqual(['a', 'b']);
  awaited.release('a');
  awaited.release('a');
  expect(released).toEqual([1, 2]);
  awaited.releaseAll();
  expect(released).toEqual([1, 2, 3]);
  expect([timers.armed, ...awaited.pods]).toEqual([0]);
});

test('nobody waits longer than the time that the first of a pod has', async () => {
  const { timers, released, awaited } = setUp();
  awaited.hold('a', tcpEvent({ pid: 1 }));
  await timers.pass(999);
  awaited.hold('a', tcpEvent({ pid: 2 }));
  expect(released).toEqual([]);
  await timers.pass(1);
  expect(released).toEqual([1, 2]);
});

test('the room is bounded, and is free again afterwards', () => {
  const { awaited } = setUp(2);
  expect(['a', 'b', 'c'].map((uid) => awaited.hold(uid, tcpEvent()))).toEqual([true, true, false]);
  awaited.release('a');
  expect(awaited.hold('c', tcpEvent())).toBe(true);
});

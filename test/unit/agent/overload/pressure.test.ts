import { beforeEach, expect, test } from 'vitest';
import { Pressure } from '../../../../src/agent/overload/pressure.ts';
import { MOST_RELIEF } from '../../../../src/agent/overload/relief.ts';

let pressure: Pressure;

beforeEach(() => {
  pressure = new Pressure();
});

function look(memory: number, cpu = 0, times = 1): number {
  for (let at = 0; at < times; at++)
    pressure.look([
      { of: 'memory', share: memory },
      { of: 'CPU', share: cpu },
    ]);
  return pressure.level;
}

test('rises by one a look while something is nearly used up, as far as there is anything to do without', () => {
  expect([look(0.9), look(0.91), look(0.1, 1.2)]).toEqual([0, 1, 2]);
  expect(pressure.worst).toEqual({ of: 'CPU', share: 1.2 });
  expect(look(0.99, 0, 20)).toBe(MOST_RELIEF);
});

test('falls by one after a while of plenty, and stays in between', () => {
  look(0.95, 0, 3);
  expect(look(0.75, 0, 50)).toBe(3);
  expect(look(0.5, 0, 5)).toBe(3);
  expect(look(0.5)).toBe(2);
  expect(look(0.5, 0, 5)).toBe(2);
  expect(look(0.7)).toBe(2);
  expect(look(0.5, 0, 5)).toBe(2);
  expect(look(0.5, 0, 7)).toBe(0);
  expect([pressure.worst, look(0.1, 0, 20)]).toEqual([undefined, 0]);
});

test('is none where nothing has a limit', () => {
  pressure.look([]);
  expect([pressure.level, pressure.worst]).toEqual([0, undefined]);
});

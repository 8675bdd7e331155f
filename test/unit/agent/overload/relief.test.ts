import { expect, test } from 'vitest';
import { MOST_RELIEF, NO_RELIEF, reliefAt } from '../../../../src/agent/overload/relief.ts';

test('first live connections are reported less often, then fewer are captured, each time by half', () => {
  expect(reliefAt(0)).toEqual(NO_RELIEF);
  expect([1, 2, 3, 4, 5].map(reliefAt)).toEqual([
    { lessOften: 2, oneIn: 1 },
    { lessOften: 4, oneIn: 1 },
    { lessOften: 8, oneIn: 1 },
    { lessOften: 8, oneIn: 2 },
    { lessOften: 8, oneIn: 4 },
  ]);
  expect(reliefAt(MOST_RELIEF)).toEqual({ lessOften: 8, oneIn: 64 });
});

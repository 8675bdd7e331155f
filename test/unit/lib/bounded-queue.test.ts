import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedQueue } from '../../../src/lib/bounded-queue.ts';

test('gives back the oldest first, and refuses what goes over its capacity', () => {
  const queue = new BoundedQueue<{ n: number }>(2);
  expect([queue.push({ n: 1 }), queue.push({ n: 2 }), queue.push({ n: 3 })]).toEqual([true, true, false]);
  expect(queue.take(5)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(queue.length).toBe(0);
});

test.each([0, -1, 1.5])('refuses a capacity of %s', (capacity) => {
  expect(() => new BoundedQueue(capacity)).toThrow('capacity must be at least 1');
});

test('behaves as an array with a limit, whatever is pushed and taken', () => {
  const push = { arbitrary: fc.constant('push'), weight: 8 };
  const steps = fc.array(fc.oneof(push, fc.integer({ min: 0, max: 6 })), { maxLength: 300 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), steps, (capacity, plan) => {
      const queue = new BoundedQueue<{ n: number }>(capacity);
      const model: { n: number }[] = [];
      const seen: unknown[] = [];
      const expected: unknown[] = [];
      for (const [n, step] of plan.entries()) {
        seen.push(typeof step === 'number' ? queue.take(step) : queue.push({ n }), queue.length);
        if (typeof step === 'number') expected.push(model.splice(0, step), model.length);
        else {
          const fits = model.length < capacity;
          if (fits) model.push({ n });
          expected.push(fits, model.length);
        }
      }
      expect(seen).toEqual(expected);
    }),
  );
});

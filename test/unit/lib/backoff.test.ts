import { expect, test } from 'vitest';
import { backoffMillis } from '../../../src/lib/backoff.ts';

test('pauses double up to the longest, and are spread over half to one and a half times that', () => {
  const backoff = { firstMillis: 200, longestMillis: 10_000 };
  const middle = [1, 2, 3, 6, 7, 50, 5000].map((failures) => backoffMillis(backoff, failures, () => 0.5));
  expect(middle).toEqual([200, 400, 800, 6400, 10_000, 10_000, 10_000]);
  expect([0, 0.999].map((random) => backoffMillis(backoff, 1, () => random))).toEqual([100, 299.8]);
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../../../src/agent/select/token-bucket.ts';

function taken(bucket: TokenBucket, tries: number): number {
  return Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
}

test('so many at once, and so many a second afterwards', () => {
  let now = 0;
  const bucket = new TokenBucket(10, () => now);
  expect(taken(bucket, 25)).toBe(10);
  now = 100;
  expect(taken(bucket, 25)).toBe(1);
  now = 600;
  expect(taken(bucket, 25)).toBe(5);
});

test('what is not used is not saved beyond one second', () => {
  let now = 0;
  const bucket = new TokenBucket(10, () => now);
  expect(taken(bucket, 10)).toBe(10);
  now = 60_000;
  expect(taken(bucket, 25)).toBe(10);
});

test('however it is asked, it gives at most what is in it and what comes, and that much where it is asked for it', () => {
  const steps = fc.array(fc.record({ millis: fc.nat({ max: 500 }), tries: fc.nat({ max: 30 }) }), { maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), steps, (perSecond, all) => {
      let now = 0;
      let given = 0;
      const bucket = new TokenBucket(perSecond, () => now);
      for (const { millis, tries } of all) {
        now += millis;
        given += taken(bucket, tries);
        expect(given).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond);
      }
      now += 1000;
      expect(taken(bucket, 2 * perSecond)).toBe(perSecond);
    }),
  );
});

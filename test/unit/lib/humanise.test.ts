import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesText, durationText } from '../../../src/lib/humanise.ts';

test.each([
  [0, '0'],
  [999_999, '999999'],
  [1_000_000, '976.5Ki'],
  [1024 * 1000 - 1, '999.9Ki'],
  [1024 * 1000, '1000Ki'],
  [1024 * 1024 - 1, '1023Ki'],
  [1024 * 1024, '1.0Mi'],
  [1_288_490_188, '1.1Gi'],
  [Number.MAX_SAFE_INTEGER, '7.9Pi'],
])('%i bytes are shown as %s', (bytes, expected) => {
  expect(bytesText(bytes)).toBe(expected);
});

test('bytes never take more than seven columns', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(bytesText(bytes).length).toBeLessThanOrEqual(7);
    }),
  );
});

test.each([
  [0, '0µs'],
  [999, '999µs'],
  [1000, '1.0ms'],
  [1999, '1.9ms'],
  [99_999, '99.9ms'],
  [100_000, '100ms'],
  [999_999, '999ms'],
  [1_500_042, '1.5s'],
  [59_999_999, '59.9s'],
  [60_000_000, '1m00s'],
  [3_599_000_000, '59m59s'],
  [3_720_000_000, '1h02m'],
  [273_600_000_000, '3d04h'],
])('%i µs are shown as %s', (micros, expected) => {
  expect(durationText(micros)).toBe(expected);
});

test('durations below 100 days take at most six columns', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100 * 86_400_000_000 - 1 }), (micros) => {
      expect(durationText(micros).length).toBeLessThanOrEqual(6);
    }),
  );
});

import { beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/kube/api-error.ts';
import { Retries } from '../../../src/kube/retries.ts';

const reset = new Error('reset');

let now: number;
let retries: Retries;

beforeEach(() => {
  now = 0;
  const backoff = { firstMillis: 200, longestMillis: 1000 };
  retries = new Retries({ backoff, clock: () => now, random: () => 0.5 });
});

/** The pauses between so many failures, each of which comes so long after it was well again. */
function pauses(failures: number, wellMillis: number): number[] {
  return Array.from({ length: failures }, () => {
    const pause = retries.failed(reset);
    now += pause;
    retries.well();
    now += wellMillis;
    return pause;
  });
}

describe('retries', () => {
  test('pause longer, to the longest, as long as it is never well', () => {
    expect(Array.from({ length: 5 }, () => retries.failed(reset))).toEqual([200, 400, 800, 1000, 1000]);
  });

  test('pause longer though it is well each time, but for a shorter time than was paused', () => {
    expect(pauses(5, 200)).toEqual([200, 400, 800, 1000, 1000]);
  });

  test('begin anew where it was well for longer than that', () => {
    expect(pauses(5, 201)).toEqual([200, 200, 200, 200, 200]);
    retries.failed(reset);
    retries.failed(reset);
    expect(pauses(3, 2000)).toEqual([800, 200, 200]);
  });

  test('pause as long as the server asks for, or longer', () => {
    const busy = new ApiError(429, 'TooManyRequests', 'later', 700);
    expect([busy, busy, busy, busy].map((error) => retries.failed(error))).toEqual([700, 700, 800, 1000]);
  });

  test('know whether it fails: from a failure until it is well', () => {
    const seen = [retries.failing];
    retries.well();
    seen.push(retries.failing);
    retries.failed(reset);
    seen.push(retries.failing);
    retries.well();
    seen.push(retries.failing);
    expect(seen).toEqual([false, false, true, false]);
  });
});

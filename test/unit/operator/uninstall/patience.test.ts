import { describe, expect, test } from 'vitest';
import { ApiError, TransportError } from '../../../../src/kube/api-error.ts';
import { WeirError } from '../../../../src/lib/errors.ts';
import { Patience } from '../../../../src/operator/uninstall/patience.ts';
import { ManualTimers, settle } from '../../../support/manual-timers.ts';

const PAUSE = 500;

function patient(timeoutMillis: number) {
  const timers = new ManualTimers();
  const said: string[] = [];
  const abort = new AbortController();
  const patience = new Patience({
    timeoutMillis,
    timers,
    monotonic: () => timers.now,
    signal: abort.signal,
    say: (words) => said.push(words),
  });
  return { patience, timers, said, abort };
}

/** Answers one after the other; what is an Error is thrown. */
function answers<T>(...all: readonly (T | Error)[]): () => Promise<T> {
  const left = [...all];
  return async () => {
    const next = left.shift();
    if (next === undefined) throw new Error('asked once too often');
    if (next instanceof Error) throw next;
    return next;
  };
}

function late(words: string): string {
  return `late: ${words}`;
}

describe('a wait', () => {
  test('says what is missing whenever that is something else, and ends with the answer', async () => {
    const { patience, timers, said } = patient(10_000);
    const waiting = patience.until(answers<object | string>('two', 'two', 'one', { done: true }), late);
    for (let pause = 0; pause < 3; pause += 1) {
      await settle();
      await timers.pass(PAUSE);
    }
    expect(await waiting).toEqual({ done: true });
    expect([said, timers.armed]).toEqual([['two', 'one'], 0]);
  });

  test('tries again what may go well later, and says why it did not', async () => {
    const { patience, timers, said } = patient(10_000);
    const forbidden = new ApiError(403, 'Forbidden', 'no right yet');
    const waiting = patience.until(answers<object | string>(forbidden, new TransportError('reset'), {}), late);
    for (let pause = 0; pause < 2; pause += 1) {
      await settle();
      await timers.pass(PAUSE);
    }
    expect(await waiting).toEqual({});
    expect(said).toEqual(['no right yet', 'reset']);
  });

  test('ends at the time that all waits have together', async () => {
    const { patience, timers } = patient(2 * PAUSE);
    const first = patience.until(answers<object | string>('one', {}), late);
    await settle();
    await timers.pass(PAUSE);
    await first;
    const second = patience.until(answers<object | string>('two', 'two'), late);
    const passing = settle().then(() => timers.pass(PAUSE));
    await expect(second).rejects.toThrow(new WeirError('ClusterFailed', 'not within 1 s: late: two'));
    await passing;
  });

  test('ends at once where the server refuses for good, in its words', async () => {
    const { patience, said } = patient(10_000);
    const refusal = new ApiError(422, 'Invalid', 'spec.plan: Required value');
    const error = new WeirError('ClusterFailed', 'spec.plan: Required value', { cause: refusal });
    await expect(patience.until(answers<object | string>(refusal), late)).rejects.toThrow(error);
    expect(said).toEqual([]);
  });

  test('lets a fault of its own through', async () => {
    const { patience } = patient(10_000);
    const fault = new TypeError('undefined is not a function');
    await expect(patience.until(answers<object | string>(fault), late)).rejects.toBe(fault);
  });

  test('ends when it is interrupted, in the middle of a pause too', async () => {
    const { patience, timers, abort } = patient(10_000);
    const waiting = patience.until(answers<object | string>('one', 'one'), late);
    await settle();
    abort.abort();
    await expect(waiting).rejects.toThrow('interrupted');
    expect(timers.armed).toBe(0);
  });
});

import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** How long until it counts as failed; default 20,000 ms. */
  readonly timeoutMillis?: number;
  /** What is waited for, as a sentence's begin: `the pods are there`. */
  readonly what: string;
}

/** Thrown by a check that need not be tried again: it ends the waiting at once. */
export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

const PAUSE_MILLIS = 30;

/**
 * Runs `check` again and again until it does not throw, and resolves with what it returned. When it still throws at the end of
 * the time, this rejects with the last failure as its cause and in its words. A check that hangs is given up then, too.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMillis = 20_000, what }: Patience,
): Promise<T> {
  const tooLate = new Error('the first try did not end');
  let last: unknown = tooLate;
  const end = performance.now() + timeoutMillis;
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => undefined);
  const timer = setTimeout(() => late.reject(tooLate), timeoutMillis);
  const once = async () => check();
  try {
    while (performance.now() < end) {
      try {
        return await Promise.race([once(), late.promise]);
      } catch (error) {
        if (error instanceof Hopeless) throw error;
        if (error !== tooLate) last = error;
      }
      await pause(PAUSE_MILLIS);
    }
  } finally {
    clearTimeout(timer);
  }
  const words = last instanceof Error ? last.message : String(last);
  throw new Error(`${what}: not within ${timeoutMillis} ms: ${words}`, { cause: last });
}

import { ApiError, TransportError } from '../../kube/api-error.ts';
import { WeirError } from '../../lib/errors.ts';
import type { Timers } from '../../lib/timers.ts';

export interface PatienceOptions {
  /** For all that is waited for together. */
  readonly timeoutMillis: number;
  readonly timers: Timers;
  /** ms since some instant; never steps. */
  readonly monotonic: () => number;
  /** Ends every waiting. */
  readonly signal: AbortSignal;
  /** Told what is waited for whenever that is something else. */
  readonly say: (words: string) => void;
}

const PAUSE_MILLIS = 500;

/** One time limit over several waits. What fails and may go well later is tried again until then. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #deadline: number;
  #said: string | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#deadline = options.monotonic() + options.timeoutMillis;
  }

  /**
   * Resolves with the first answer that is not in words; words say what is missing. A look that is under way is waited for
   * whatever the time: a request ends by itself after 30 s.
   *
   * @param onLate told the last words; returns the error's message.
   * @throws WeirError ClusterFailed at the end of the time, when the server refuses for good, and when the signal ends it.
   */
  async until<T extends object>(look: () => Promise<T | string>, onLate: (words: string) => string): Promise<T> {
    const { monotonic, signal, say, timeoutMillis } = this.#options;
    for (;;) {
      const found = await look().catch((error: unknown) => wordsOf(error));
      if (typeof found !== 'string') return found;
      if (signal.aborted) throw new WeirError('ClusterFailed', 'interrupted');
      if (monotonic() >= this.#deadline) {
        throw new WeirError('ClusterFailed', `not within ${timeoutMillis / 1000} s: ${onLate(found)}`);
      }
      if (found !== this.#said) say(found);
      this.#said = found;
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const { timers, signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const cancel = timers.after(PAUSE_MILLIS, wake);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    cancel();
  }
}

/** @throws the error itself, as a WeirError where the server has refused for good. */
function wordsOf(error: unknown): string {
  if (error instanceof TransportError || (error instanceof ApiError && error.isPassing)) return error.message;
  if (error instanceof ApiError) throw new WeirError('ClusterFailed', error.message, { cause: error });
  throw error;
}

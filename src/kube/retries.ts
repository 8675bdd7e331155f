import { type Backoff, backoffMillis } from '../lib/backoff.ts';
import { ApiError } from './api-error.ts';

export interface RetriesOptions {
  readonly backoff: Backoff;
  /** ms since some instant; never steps. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/**
 * How long to pause after each failure of something that should always be under way. It pauses longer until it was well for
 * longer than it had paused: a server that accepts every request and breaks each off at once is asked ever more seldom.
 */
export class Retries {
  readonly #options: RetriesOptions;
  #failures = 0;
  #pausedMillis = 0;
  #wellSince: number | undefined;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /** Whether it failed, and has not been well since. */
  get failing(): boolean {
    return this.#failures > 0 && this.#wellSince === undefined;
  }

  /** It is as it should be. Can be said again and again. */
  well(): void {
    this.#wellSince ??= this.#options.clock();
  }

  /** It failed. Returns how long to pause, in ms: as long as the server asks for at least. */
  failed(error: unknown): number {
    const { backoff, clock, random } = this.#options;
    const wellMillis = this.#wellSince === undefined ? 0 : clock() - this.#wellSince;
    this.#failures = wellMillis > this.#pausedMillis ? 1 : this.#failures + 1;
    this.#wellSince = undefined;
    const wanted = error instanceof ApiError ? (error.retryAfterMillis ?? 0) : 0;
    this.#pausedMillis = Math.max(wanted, backoffMillis(backoff, this.#failures, random));
    return this.#pausedMillis;
  }
}

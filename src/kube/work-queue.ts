import { type Backoff, backoffMillis } from '../lib/backoff.ts';
import type { Timers } from '../lib/timers.ts';
import { ApiError } from './api-error.ts';

export interface WorkQueueOptions {
  readonly work: (key: string) => Promise<void>;
  /** Keys worked on at once. */
  readonly concurrency: number;
  readonly timers: Timers;
  /** ms since some instant; never steps. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The work failed and will be tried again after so many ms. */
  readonly onError: (key: string, error: unknown, retryMillis: number) => void;
  readonly backoff?: Backoff;
}

/** After an API server that was away nobody should have to wait for minutes. */
const BACKOFF: Backoff = { firstMillis: 200, longestMillis: 15_000 };

/**
 * Keys of objects to be looked at. One that is added several times is worked on once; one that is added while it is worked
 * on, once more afterwards, never twice at the same time. First come, first served. What fails comes again, later each time,
 * and not before: an API server that asks for time gets it, however often the key is added meanwhile.
 *
 * Work begins after whoever adds has ended its turn: of changes that come together, all are seen.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  /** Worked on now; true: and added again meanwhile. */
  readonly #running = new Map<string, boolean>();
  readonly #later = new Map<string, { readonly due: number; readonly held: boolean; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #pumpIsDue = false;
  #stopped = false;
  readonly #drained = Promise.withResolvers<void>();

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait for their turn; those for later are not among them. */
  get size(): number {
    return this.#waiting.size;
  }

  /** What failed keeps the time at which it is tried again. */
  add(key: string): void {
    const later = this.#later.get(key);
    if (this.#stopped || later?.held === true) return;
    later?.cancel();
    this.#later.delete(key);
    if (this.#running.has(key)) this.#running.set(key, true);
    else this.#waiting.add(key);
    this.#pumpSoon();
  }

  /** Adds the key after so many ms, unless it is added before. Of several such times the earliest counts. */
  addAfter(key: string, millis: number): void {
    if (this.#waiting.has(key) || this.#running.get(key) === true) return;
    const known = this.#later.get(key);
    if (known !== undefined && known.due <= this.#options.clock() + millis) return;
    if (known?.held !== true) this.#arm(key, millis, false);
  }

  #arm(key: string, millis: number, held: boolean): void {
    if (this.#stopped) return;
    this.#later.get(key)?.cancel();
    const cancel = this.#options.timers.after(millis, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { due: this.#options.clock() + millis, held, cancel });
  }

  /** Nothing new is begun; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    this.#waiting.clear();
    if (this.#running.size === 0) this.#drained.resolve();
    await this.#drained.promise;
  }

  #pumpSoon(): void {
    if (this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    queueMicrotask(() => {
      this.#pumpIsDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#waiting.delete(key);
      this.#running.set(key, false);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    const { work, onError } = this.#options;
    try {
      await work(key);
      this.#failures.delete(key);
      if (this.#running.get(key) === true && !this.#stopped) this.#waiting.add(key);
    } catch (error) {
      const retry = this.#retryMillis(key, error);
      onError(key, error, retry);
      this.#arm(key, retry, true);
    }
    this.#running.delete(key);
    if (this.#stopped && this.#running.size === 0) this.#drained.resolve();
    this.#pump();
  }

  #retryMillis(key: string, error: unknown): number {
    const { random, backoff = BACKOFF } = this.#options;
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const wanted = error instanceof ApiError ? (error.retryAfterMillis ?? 0) : 0;
    return Math.max(wanted, backoffMillis(backoff, failures, random));
  }
}

import { GROUP } from '../../api/names.ts';
import { remedyFor } from '../../api/remedy.ts';
import { ApiError } from '../../kube/api-error.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import type { Timers } from '../../lib/timers.ts';
import type { Log } from '../../telemetry/log.ts';
import type { OperatorMetrics } from '../../telemetry/operator-metrics.ts';
import type { Controller } from '../controllers/controller.ts';

export interface ControllerQueueOptions {
  readonly log: Log;
  readonly metrics: OperatorMetrics;
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** Writes under way at once for one kind: the API server is shared with everybody else. */
const CONCURRENCY = 8;

/** A controller with the queue before it: merges keys, tries again what failed, looks again when time may have changed it. */
export class ControllerQueue {
  readonly name: Controller['name'];
  readonly #controller: Controller;
  readonly #options: ControllerQueueOptions;
  #queue: WorkQueue | undefined;
  /** resourceVersion of the last write of each key, until it was seen. */
  readonly #written = new Map<string, string>();

  constructor(controller: Controller, options: ControllerQueueOptions) {
    this.name = controller.name;
    this.#controller = controller;
    this.#options = options;
  }

  get size(): number {
    return this.#queue?.size ?? 0;
  }

  /** From now on keys are worked on. Until then they are dropped: nothing is decided on half of a cluster. */
  start(keys: Iterable<string>): void {
    const { timers, monotonic, random, log } = this.#options;
    this.#queue = new WorkQueue({
      work: (key) => this.#work(key),
      concurrency: CONCURRENCY,
      timers,
      clock: monotonic,
      random,
      onError: (key, error, retryMillis) => {
        const object = { kind: this.#controller.kind, key };
        const code = error instanceof ApiError ? error.code : undefined;
        const remedy = remedyFor('operator', code, `${this.#controller.kind.toLowerCase()}s.${GROUP}`);
        log.warn(
          { object, error: String(error), retryMillis, ...(remedy !== undefined && { remedy }) },
          'failed; will try again',
        );
      },
    });
    for (const key of keys) this.#queue.add(key);
  }

  add(key: string): void {
    this.#queue?.add(key);
  }

  /** Looks at the object after so many milliseconds, or earlier where somebody else asks for that. */
  addAfter(key: string, millis: number): void {
    this.#queue?.addAfter(key, millis);
  }

  /** Whether this version is the one that was written here last; it is asked once, when the watch brings it. */
  isOwnWrite(key: string, resourceVersion: string): boolean {
    const own = this.#written.get(key);
    this.#written.delete(key);
    return own === resourceVersion;
  }

  async stop(): Promise<void> {
    await this.#queue?.stop();
  }

  async #work(key: string): Promise<void> {
    const { name: controller } = this.#controller;
    const { metrics } = this.#options;
    const stopTimer = metrics.reconcileSeconds.startTimer({ controller });
    try {
      const { written, recheckMillis } = await this.#controller.reconcile(key);
      metrics.reconciles.inc({ controller, result: written === undefined ? 'unchanged' : 'written' });
      if (written !== undefined) this.#note(key, written.metadata.resourceVersion ?? '');
      if (recheckMillis !== undefined) this.addAfter(key, recheckMillis);
    } catch (error) {
      metrics.reconciles.inc({ controller, result: 'failed' });
      throw error;
    } finally {
      stopTimer();
    }
  }

  #note(key: string, resourceVersion: string): void {
    this.#written.set(key, resourceVersion);
    this.#options.log.info({ object: { kind: this.#controller.kind, key }, resourceVersion }, 'written');
  }
}

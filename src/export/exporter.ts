import { BoundedQueue } from '../lib/bounded-queue.ts';
import { WeirError } from '../lib/errors.ts';
import type { Timers } from '../lib/timers.ts';
import type { Flow } from '../record/flow.ts';
import type { Outcome } from './outcome.ts';
import type { Sink } from './sink.ts';

export interface ExporterOptions {
  /** Flows that wait at most; the batch that is being written comes on top. */
  readonly maxQueued: number;
  /** A batch is written when so many flows wait, or when one has waited so long. */
  readonly maxRecords: number;
  readonly maxMillis: number;
  /** Pause before the second and last try of a batch. */
  readonly retryMillis: number;
  readonly onFull: 'DropOldest' | 'DropNewest';
}

export interface ExporterEvents {
  /** How flows ended; every flow that was offered is told exactly once. */
  settled(flows: readonly Flow[], outcome: Outcome): void;
  /** The sink gave a batch up, or did not close. OutputClosed: it will never take one again. */
  failed(error: WeirError): void;
}

/** A bounded queue in front of one sink: it takes what comes, and waits for nobody but its own sink. */
export class Exporter {
  readonly #sink: Sink;
  readonly #options: ExporterOptions;
  readonly #events: ExporterEvents;
  readonly #timers: Timers;
  readonly #queue: BoundedQueue<Flow>;
  #inFlight: readonly Flow[] = [];
  #running = false;
  #cancelTimer: (() => void) | undefined;
  #drained: Promise<void> | undefined;
  /** Set from the drain on: then nothing waits for a fuller batch. */
  #whenIdle: (() => void) | undefined;
  #abandoned = false;

  constructor(sink: Sink, options: ExporterOptions, events: ExporterEvents, timers: Timers) {
    this.#sink = sink;
    this.#options = options;
    this.#events = events;
    this.#timers = timers;
    this.#queue = new BoundedQueue(options.maxQueued);
  }

  /** Flows that wait or are being written. */
  get backlog(): number {
    return this.#queue.length + this.#inFlight.length;
  }

  /** Takes a flow; never blocks, never throws. What does not fit settles as lost(queueFull). */
  offer(flow: Flow): void {
    if (this.#drained !== undefined) {
      this.#events.settled([flow], 'drainTimeout');
      return;
    }
    if (!this.#queue.push(flow)) {
      if (this.#options.onFull === 'DropNewest') {
        this.#events.settled([flow], 'queueFull');
        return;
      }
      this.#events.settled(this.#queue.take(1), 'queueFull');
      this.#queue.push(flow);
    }
    this.#next();
  }

  /**
   * Writes what waits and closes the sink; resolves then, or after `deadlineMillis` with the rest settled as
   * lost(drainTimeout). A flow that is offered from now on is lost(drainTimeout) at once. Later calls get the first one's end.
   */
  drain(deadlineMillis: number): Promise<void> {
    this.#drained ??= this.#drain(deadlineMillis);
    return this.#drained;
  }

  async #drain(deadlineMillis: number): Promise<void> {
    const { promise: idle, resolve } = Promise.withResolvers<void>();
    this.#whenIdle = resolve;
    const closed = idle.then(() => this.#close());
    const { promise: deadline, resolve: expire } = Promise.withResolvers<void>();
    const cancelDeadline = this.#timers.after(deadlineMillis, expire);
    this.#next();
    await Promise.race([closed, deadline]);
    cancelDeadline();
    this.#abandon();
  }

  /** Begins a batch, or sees to it that one begins in time. */
  #next(): void {
    if (this.#running) return;
    if (this.#queue.length === 0) this.#whenIdle?.();
    else if (this.#whenIdle !== undefined || this.#queue.length >= this.#options.maxRecords) void this.#run();
    else this.#cancelTimer ??= this.#timers.after(this.#options.maxMillis, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#running = true;
    this.#inFlight = this.#queue.take(this.#options.maxRecords);
    const delivered = await this.#deliver(this.#inFlight);
    this.#settleInFlight(delivered ? 'delivered' : 'sinkFailed');
    this.#running = false;
    this.#next();
  }

  async #deliver(batch: readonly Flow[]): Promise<boolean> {
    const first = await this.#try(batch);
    if (first === undefined) return true;
    if (!first.retryable || this.#abandoned) return this.#giveUp(first);
    await new Promise<void>((resolve) => {
      this.#timers.after(this.#options.retryMillis, resolve);
    });
    if (this.#abandoned) return this.#giveUp(first);
    const second = await this.#try(batch);
    return second === undefined || this.#giveUp(second);
  }

  #giveUp(error: WeirError): false {
    this.#events.failed(error);
    return false;
  }

  async #try(batch: readonly Flow[]): Promise<WeirError | undefined> {
    try {
      await this.#sink.write(batch);
      return undefined;
    } catch (error) {
      return asWeirError(error);
    }
  }

  async #close(): Promise<void> {
    try {
      await this.#sink.close();
    } catch (error) {
      this.#events.failed(asWeirError(error));
    }
  }

  /** The time is over: what is left is lost. A batch that the sink still holds has been told by then. */
  #abandon(): void {
    this.#abandoned = true;
    const left = this.#queue.take(this.#queue.length);
    if (left.length > 0) this.#events.settled(left, 'drainTimeout');
    this.#settleInFlight('drainTimeout');
  }

  #settleInFlight(outcome: Outcome): void {
    const flows = this.#inFlight;
    this.#inFlight = [];
    if (flows.length > 0) this.#events.settled(flows, outcome);
  }
}

function asWeirError(error: unknown): WeirError {
  return error instanceof WeirError ? error : new WeirError('Internal', 'a sink failed unexpectedly', { cause: error });
}

/** Empties the ring by the clock: slower while little comes, faster under load, at once when the kernel says it is filling. */

import { EXPORTER_OPTIONS } from '../limits.ts';

const MIN_INTERVAL_MILLIS = 50;
const MAX_INTERVAL_MILLIS = 250;
/**
 * Records of one turn; sinks and timers get their turn in between. As many as a batch of an exporter holds: its flows are
 * then still in the CPU's cache when they are encoded.
 */
const TURN = EXPORTER_OPTIONS.maxRecords;
/** Above this share of the ring in one interval the next interval is halved, below a quarter of it doubled. */
const BUSY_SHARE = 1 / 16;

export interface DrainSource {
  /** Size of the ring in bytes. */
  readonly bytes: number;
  /** Bytes that wait. */
  backlogBytes(): number;
  /** Handles what waits, at most `limit` records; returns how many. */
  drain(limit: number): number;
  /** Resolves when the ring asks to be emptied, or after the time. */
  wait(millis: number): Promise<unknown>;
}

export class DrainLoop {
  readonly #source: DrainSource;
  readonly #failed: (error: unknown) => void;
  #intervalMillis = MIN_INTERVAL_MILLIS;
  #stopping = false;
  #done: Promise<void> | undefined;

  /** `failed` is told when the source throws: the loop has ended then. */
  constructor(source: DrainSource, failed: (error: unknown) => void) {
    this.#source = source;
    this.#failed = failed;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /**
   * Handles what still waits and ends; whoever writes to the ring has stopped already. Resolves also when the source
   * throws: what was handled before must reach its end.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
    await this.#telling(async () => {
      while (this.#source.drain(TURN) > 0) await new Promise(setImmediate);
    });
  }

  async #run(): Promise<void> {
    await this.#telling(async () => {
      while (!this.#stopping) {
        await this.#source.wait(this.#intervalMillis);
        this.#adapt(this.#source.backlogBytes() / this.#source.bytes);
        while (this.#source.drain(TURN) === TURN) await new Promise(setImmediate);
      }
    });
  }

  async #telling(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #adapt(share: number): void {
    if (share > BUSY_SHARE) this.#intervalMillis = Math.max(MIN_INTERVAL_MILLIS, this.#intervalMillis / 2);
    else if (share < BUSY_SHARE / 4) this.#intervalMillis = Math.min(MAX_INTERVAL_MILLIS, this.#intervalMillis * 2);
  }
}

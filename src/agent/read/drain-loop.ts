/** Empties the ring by the clock: slower while little comes, faster under load, at once when the kernel says it is filling. */

const MIN_INTERVAL_MILLIS = 50;
const MAX_INTERVAL_MILLIS = 250;
/** Records of one turn; sinks and timers get their turn in between. */
const TURN = 4096;
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

  /** `failed` is told when handling a record throws: the loop has ended then. */
  constructor(source: DrainSource, failed: (error: unknown) => void) {
    this.#source = source;
    this.#failed = failed;
  }

  start(): void {
    this.#done ??= this.#run();
  }

  /** Resolves after the last turn; what came since then is handled by a last `drain` of the caller's. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopping) {
        await this.#source.wait(this.#intervalMillis);
        this.#adapt(this.#source.backlogBytes() / this.#source.bytes);
        while (this.#source.drain(TURN) === TURN) await new Promise(setImmediate);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  #adapt(share: number): void {
    if (share > BUSY_SHARE) this.#intervalMillis = Math.max(MIN_INTERVAL_MILLIS, this.#intervalMillis / 2);
    else if (share < BUSY_SHARE / 4) this.#intervalMillis = Math.min(MAX_INTERVAL_MILLIS, this.#intervalMillis * 2);
  }
}

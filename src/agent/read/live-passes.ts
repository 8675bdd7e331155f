/**
 * When the kernel looks at the connections that live: often enough for the reports that captures ask for, at once when the
 * selection has changed, and from time to time for connections that nobody has told it of.
 */
import { monotonicMillis, type Timers } from '../../lib/timers.ts';

export interface LivePassesOptions {
  /** Reports what has moved, where it is time. */
  readonly report: () => Promise<void>;
  /** Finds connections that are not tracked, and processes that are not known. */
  readonly takeOver: () => Promise<void>;
  /** ms between two looks for what is to be reported; asked anew each time. */
  readonly reportMillis: () => number;
  readonly timers: Timers;
  /** A pass has failed, so many times in a row. */
  readonly failed: (error: unknown, times: number) => void;
}

/** After these times since the start, then regularly: a socket that was changing, or not accepted yet, is met by the next. */
const EARLY_TAKE_OVERS_MILLIS = [1_000, 5_000];
const TAKE_OVER_MILLIS = 30_000;
/** Selections change in bursts; and a node where they always do spends at most a tenth of its time on looking. */
const LEAST_REST_MILLIS = 250;
const RESTS_PER_PASS = 10;

export class LivePasses {
  readonly #options: LivePassesOptions;
  readonly #cancels = new Set<() => void>();
  /** One pass after the other. */
  #turn: Promise<void> = Promise.resolve();
  #stopping = false;
  #reselecting = false;
  #failures = 0;
  #rest = LEAST_REST_MILLIS;

  constructor(options: LivePassesOptions) {
    this.#options = options;
  }

  /** Takes over what is there, then goes on by the clock. */
  start(): void {
    this.#takeOver();
    for (const millis of EARLY_TAKE_OVERS_MILLIS) this.#after(millis, () => this.#takeOver());
    this.#every(
      () => TAKE_OVER_MILLIS,
      () => this.#takeOver(),
    );
    this.#every(this.#options.reportMillis, () => this.#report());
  }

  /** Resolves when a look that begins from now on has ended. */
  reportNow(): Promise<void> {
    this.#report();
    return this.#turn;
  }

  /** What is selected has changed: connections change hands, or are new to everybody. */
  reselected(): void {
    if (this.#reselecting || this.#stopping) return;
    this.#reselecting = true;
    this.#after(this.#rest, () => {
      this.#reselecting = false;
      void this.#lookAnew();
    });
  }

  /** No pass begins from now on; resolves when the one that runs has ended. */
  stop(): Promise<void> {
    this.#stopping = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    return this.#turn;
  }

  async #lookAnew(): Promise<void> {
    const begun = monotonicMillis();
    this.#report();
    this.#takeOver();
    await this.#turn;
    this.#rest = Math.max(LEAST_REST_MILLIS, (monotonicMillis() - begun) * RESTS_PER_PASS);
  }

  #report(): void {
    this.#run(this.#options.report);
  }

  #takeOver(): void {
    this.#run(this.#options.takeOver);
  }

  #run(pass: () => Promise<void>): void {
    this.#turn = this.#runAfter(this.#turn, pass);
  }

  async #runAfter(turn: Promise<void>, pass: () => Promise<void>): Promise<void> {
    await turn;
    if (this.#stopping) return;
    try {
      await pass();
      this.#failures = 0;
    } catch (error) {
      this.#options.failed(error, ++this.#failures);
    }
  }

  /** Again when the one before has ended, so that slow passes do not queue up. */
  #every(millis: () => number, begin: () => void): void {
    this.#after(millis(), () => {
      begin();
      void this.#turn.then(() => this.#every(millis, begin));
    });
  }

  #after(millis: number, action: () => void): void {
    if (this.#stopping) return;
    const cancel = this.#options.timers.after(millis, () => {
      this.#cancels.delete(cancel);
      action();
    });
    this.#cancels.add(cancel);
  }
}

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
/** Selections change in bursts. */
const LEAST_REST_MILLIS = 250;
/** However much there is to look at, each kind of look takes a tenth of one core: reports are late rather than that. */
const RESTS_PER_PASS = 10;
/** A pass may also have waited for a thread, or for a machine that stood still. */
const LONGEST_REST_MILLIS = 30_000;

export class LivePasses {
  readonly #options: LivePassesOptions;
  readonly #cancels = new Set<() => void>();
  /** One pass after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #reselecting = false;
  #failures = 0;
  #rest = LEAST_REST_MILLIS;

  constructor(options: LivePassesOptions) {
    this.#options = options;
  }

  /** Takes over what is there, then goes on by the clock. */
  start(): void {
    const { takeOver, report, reportMillis } = this.#options;
    void this.#run(takeOver);
    for (const millis of EARLY_TAKE_OVERS_MILLIS) this.#after(millis, () => void this.#run(takeOver));
    this.#every(takeOver, () => TAKE_OVER_MILLIS);
    this.#every(report, reportMillis);
  }

  /** Resolves when a look that begins from now on has ended. */
  async reportNow(): Promise<void> {
    await this.#run(this.#options.report);
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
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    await this.#turn;
  }

  async #lookAnew(): Promise<void> {
    const { report, takeOver } = this.#options;
    const [reporting, takingOver] = await Promise.all([this.#run(report), this.#run(takeOver)]);
    this.#rest = Math.max(LEAST_REST_MILLIS, restAfter(reporting + takingOver));
  }

  /** Resolves with the ms that the pass took. */
  #run(pass: () => Promise<void>): Promise<number> {
    const done = this.#runAfter(this.#turn, pass);
    this.#turn = done;
    return done;
  }

  async #runAfter(turn: Promise<unknown>, pass: () => Promise<void>): Promise<number> {
    await turn;
    if (this.#stopping) return 0;
    const begun = monotonicMillis();
    try {
      await pass();
      this.#failures = 0;
    } catch (error) {
      this.#options.failed(error, ++this.#failures);
    }
    return monotonicMillis() - begun;
  }

  /** Again when the one before has ended, so that slow passes do not queue up. */
  #every(pass: () => Promise<void>, millis: () => number, rest = 0): void {
    this.#after(Math.max(millis(), rest), async () => {
      const took = await this.#run(pass);
      this.#every(pass, millis, restAfter(took));
    });
  }

  #after(millis: number, action: () => unknown): void {
    if (this.#stopping) return;
    const cancel = this.#options.timers.after(millis, () => {
      this.#cancels.delete(cancel);
      action();
    });
    this.#cancels.add(cancel);
  }
}

/** How long nothing is to be looked at after a pass that took so long; both in ms. */
function restAfter(millis: number): number {
  return Math.min(millis * RESTS_PER_PASS, LONGEST_REST_MILLIS);
}

/**
 * Turns the kernel's monotonic times into wall-clock times.
 *
 * The offset is taken anew before every drain, so that a stepped wall clock is followed at once; a record's start and
 * end always share one offset, so that a step never turns a duration around.
 */
export class WallClock {
  readonly #offsetMicros: () => number;
  #current: number;

  /** `offsetMicros`: wall clock minus CLOCK_MONOTONIC, in microseconds, as it is now. */
  constructor(offsetMicros: () => number) {
    this.#offsetMicros = offsetMicros;
    this.#current = offsetMicros();
  }

  follow(): void {
    this.#current = this.#offsetMicros();
  }

  /** Microseconds since the epoch. */
  wallMicros(monotonicMicros: number): number {
    return monotonicMicros + this.#current;
  }
}

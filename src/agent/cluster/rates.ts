/** Counts per second between two looks that are far enough from each other to say something. */
export class Rates {
  readonly #leastMillis: number;
  readonly #now: () => number;
  #at: number;
  #counts: ReadonlyMap<string, number> = new Map();
  #rates: ReadonlyMap<string, number> = new Map();

  /** @param leastMillis the shortest time that a rate is taken over. @param now ms since some instant; never steps. */
  constructor(leastMillis: number, now: () => number) {
    this.#leastMillis = leastMillis;
    this.#now = now;
    this.#at = now();
  }

  /** The counts as they stand now, by whatever they are of. What was not there before has counted from zero. */
  look(counts: ReadonlyMap<string, number>): void {
    const now = this.#now();
    const seconds = (now - this.#at) / 1000;
    if (now - this.#at < this.#leastMillis) return;
    const before = this.#counts;
    this.#rates = new Map(
      Array.from(counts, ([key, count]) => [key, Math.max(0, Math.round((count - (before.get(key) ?? 0)) / seconds))]),
    );
    [this.#at, this.#counts] = [now, counts];
  }

  /** Whole counts per second, lately. */
  of(key: string): number {
    return this.#rates.get(key) ?? 0;
  }
}

interface Waiting {
  readonly lane: string;
  readonly begin: () => void;
}

/**
 * Lets tasks run one at a time in each lane, and in so many lanes at once. A lane is a disk: whoever writes to one that hangs holds
 * one of the few threads that Node has for files and for looking up names, for as long as it hangs.
 */
export class Turns {
  readonly #lanes: number;
  readonly #busy = new Set<string>();
  #waiting: Waiting[] = [];

  /** @param lanes at least 1. */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /** Runs the task when it is its turn; in a lane in the order of the calls. */
  async run<T>(lane: string, task: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ lane, begin });
      this.#next();
    });
    try {
      return await task();
    } finally {
      this.#busy.delete(lane);
      this.#next();
    }
  }

  #next(): void {
    while (this.#busy.size < this.#lanes) {
      const index = this.#waiting.findIndex(({ lane }) => !this.#busy.has(lane));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (next === undefined) return;
      this.#busy.add(next.lane);
      next.begin();
    }
  }
}

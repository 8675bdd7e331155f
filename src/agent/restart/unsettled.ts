/**
 * How far what was read from the ring is settled. The ring is the agent's only store that outlives it: its room is given back
 * when every record before is delivered or counted, so that whatever a killed process held is read again by the next.
 *
 * Records are followed by turns of reading and not one by one. Exports settle in the order in which they were offered flows,
 * all but a flow that finds their queue full.
 */

interface Turn {
  /** Where the ring was read from. */
  readonly start: number;
  /** Where the ring was read to; undefined while the turn goes on. */
  end: number | undefined;
  /** Flows that wait in exports, and records that wait for their owner. */
  waiting: number;
  /** By record: the captures that turned out to observe it. */
  readonly provisional: (readonly number[])[];
  released: boolean;
}

type Release = (position: number) => void;

/** The flows that one exporter has been offered and has not settled. */
export interface OfferedFlows {
  /** A flow is about to be offered. */
  offered(): void;
  /** @param which the newest is settled at once where there is no room for it. */
  settled(count: number, which: 'oldest' | 'newest'): void;
}

/** Where nothing outlives the process. */
export const NOT_FOLLOWED: OfferedFlows = { offered: () => undefined, settled: () => undefined };

export class Unsettled {
  readonly #provisional: (captures: readonly number[]) => void;
  #releaseRing: Release | undefined;
  /** In the order of the ring; the first is not settled, or still being read. */
  readonly #turns: Turn[] = [];
  readonly #held = new Map<object, Turn>();
  #current: Turn | undefined;

  /** @param provisional these captures observed a record that the kernel counted for nobody, and that will not be read again. */
  constructor(provisional: (captures: readonly number[]) => void) {
    this.#provisional = provisional;
  }

  /** A ring is read from now on. @param release everything before this position of it is settled. */
  begin(release: Release): void {
    this.#releaseRing = release;
  }

  /** The ring is not there any more. */
  end(): void {
    this.#releaseRing = undefined;
    for (const turn of this.#turns.splice(0)) this.#told(turn);
  }

  /**
   * One turn of reading: what happens in `read` is about its records.
   * @param position of the ring, up to which it is read.
   */
  turn<T>(read: () => T, position: () => number): T {
    const turn: Turn = { start: position(), end: undefined, waiting: 0, provisional: [], released: false };
    this.#turns.push(turn);
    try {
      return this.#during(turn, read);
    } finally {
      turn.end = position();
      this.#join();
      this.#release();
    }
  }

  /** A turn that left nothing behind is settled when the one before is: turns of an idle ring do not add up. */
  #join(): void {
    const [before, last] = this.#turns.slice(-2);
    if (last === undefined || before === undefined || last.waiting > 0 || last.provisional.length > 0) return;
    before.end = last.end;
    this.#turns.pop();
  }

  /** The record that is being handled waits for its owner. */
  hold(record: object): void {
    if (this.#current === undefined) return;
    this.#current.waiting++;
    this.#held.set(record, this.#current);
  }

  /** A record that was held is handled: what happens in `handle` is about it. */
  resume(record: object, handle: () => void): void {
    const turn = this.#held.get(record);
    if (turn === undefined) {
      handle();
      return;
    }
    this.#held.delete(record);
    try {
      this.#during(turn, handle);
    } finally {
      this.#settle(turn, 1);
    }
  }

  /** The record that is being handled was counted for nobody, and is these captures'. */
  provisional(captures: readonly number[]): void {
    if (this.#current === undefined || this.#current.released) this.#provisional(captures);
    else this.#current.provisional.push(captures);
  }

  /** For an exporter that is offered flows of the records that are being handled. */
  queue(): OfferedFlows {
    const runs: { readonly turn: Turn; count: number }[] = [];
    return {
      offered: () => {
        const turn = this.#current;
        if (turn === undefined) return;
        turn.waiting++;
        const last = runs.at(-1);
        if (last?.turn === turn) last.count++;
        else runs.push({ turn, count: 1 });
      },
      settled: (count, which) => {
        for (let left = count; left > 0; ) {
          const run = which === 'oldest' ? runs[0] : runs.at(-1);
          if (run === undefined) return;
          const taken = Math.min(run.count, left);
          run.count -= taken;
          left -= taken;
          if (run.count === 0) void (which === 'oldest' ? runs.shift() : runs.pop());
          this.#settle(run.turn, taken);
        }
      },
    };
  }

  /**
   * Gives back the room before this position, and to the end of the turn that read it, settled or not: what a killed process
   * holds of it is lost, and counted so.
   */
  giveUpBefore(position: number): void {
    for (let first = this.#turns[0]; first?.end !== undefined && first.start < position; first = this.#turns[0])
      this.#releaseFirst(first, first.end);
  }

  #during<T>(turn: Turn, work: () => T): T {
    const before = this.#current;
    this.#current = turn;
    try {
      return work();
    } finally {
      this.#current = before;
    }
  }

  #settle(turn: Turn, count: number): void {
    turn.waiting -= count;
    if (turn.waiting === 0) this.#release();
  }

  #release(): void {
    for (let first = this.#turns[0]; first?.end !== undefined && first.waiting === 0; first = this.#turns[0])
      this.#releaseFirst(first, first.end);
  }

  #releaseFirst(turn: Turn, end: number): void {
    this.#turns.shift();
    this.#told(turn);
    this.#releaseRing?.(end);
  }

  #told(turn: Turn): void {
    turn.released = true;
    for (const captures of turn.provisional) this.#provisional(captures);
  }
}

import type { Plan } from './plan.ts';

/** A plan whose `index`es are slots, and the slots that mean nothing any more. */
export interface AdoptedPlan {
  readonly plan: Plan;
  readonly forgotten: { readonly captures: readonly number[]; readonly exports: readonly number[] };
}

/** All that is to be known for giving the same numbers again, and no number twice. */
export interface SlotsState {
  readonly captures: NumbersState;
  readonly exports: NumbersState;
}

interface NumbersState {
  readonly slots: readonly (readonly [key: string, slot: number])[];
  readonly next: number;
}

/** As many ended captures or exports are remembered as a report has room for beside a full plan. */
const MAX_ENDED = 256;

/**
 * Numbers that stay an object's own while one plan follows another: what was counted for a capture under an earlier plan goes
 * on under the next, also when it was out of the plan for a while. A number is never given twice.
 */
export class Slots {
  readonly #captures = new Numbers();
  readonly #exports = new Numbers();

  get state(): SlotsState {
    return { captures: this.#captures.state, exports: this.#exports.state };
  }

  /** Goes on where other slots have ended; before the first plan. */
  restore({ captures, exports }: SlotsState): void {
    this.#captures.restore(captures);
    this.#exports.restore(exports);
  }

  /** The plan with slots in the place of positions, `captures[].exports` too. Its order stays. */
  adopt(plan: Plan): AdoptedPlan {
    const exports = this.#exports.adopt(plan.exports);
    const captures = this.#captures.adopt(plan.captures);
    const slotOf = new Map(plan.exports.map(({ index }, at) => [index, exports.slots[at] ?? index]));
    return {
      plan: {
        ...plan,
        exports: plan.exports.map((target, at) => ({ ...target, index: exports.slots[at] ?? target.index })),
        captures: plan.captures.map((capture, at) => ({
          ...capture,
          index: captures.slots[at] ?? capture.index,
          exports: capture.exports.map((index) => slotOf.get(index) ?? index),
        })),
      },
      forgotten: { captures: captures.forgotten, exports: exports.forgotten },
    };
  }
}

interface Planned {
  readonly uid?: string;
  readonly name: string;
}

class Numbers {
  /** Those of the plan last, so that the longest ended stand first. */
  readonly #slots = new Map<string, number>();
  #next = 0;

  get state(): NumbersState {
    return { slots: [...this.#slots], next: this.#next };
  }

  restore({ slots, next }: NumbersState): void {
    for (const [key, slot] of slots) this.#slots.set(key, slot);
    this.#next = next;
  }

  adopt(planned: readonly Planned[]): { slots: number[]; forgotten: number[] } {
    const slots = planned.map(({ uid, name }) => {
      const key = uid ?? name;
      const slot = this.#slots.get(key) ?? this.#next++;
      this.#slots.delete(key);
      this.#slots.set(key, slot);
      return slot;
    });
    return { slots, forgotten: this.#forget(this.#slots.size - planned.length - MAX_ENDED) };
  }

  #forget(count: number): number[] {
    const forgotten: number[] = [];
    for (const [key, slot] of this.#slots) {
      if (forgotten.length >= count) break;
      this.#slots.delete(key);
      forgotten.push(slot);
    }
    return forgotten;
  }
}

import { MOST_RELIEF } from './relief.ts';

/** How much of what an agent may have it uses: 1 is all of it. */
export interface Usage {
  /** `memory`, `CPU` … as a person reads it. */
  readonly of: string;
  readonly share: number;
}

/** Above it the agent does without something more; there is room yet for the peak that comes before that helps. */
const TOO_MUCH = 0.9;
/** Below it, for so many looks in a row, it does without something less. Far below the other, or it would go to and fro. */
const AMPLE = 0.6;
const CALM_LOOKS = 6;

/** From one look to the next: how much has to be done without. */
export class Pressure {
  #level = 0;
  #calm = 0;
  #worst: Usage | undefined;

  /** From 0 to MOST_RELIEF. */
  get level(): number {
    return this.#level;
  }

  /** What brought it to this level; undefined at 0. */
  get worst(): Usage | undefined {
    return this.#level === 0 ? undefined : this.#worst;
  }

  look(usages: readonly Usage[]): void {
    const worst = usages.toSorted((a, b) => b.share - a.share)[0];
    const share = worst?.share ?? 0;
    this.#calm = share < AMPLE ? this.#calm + 1 : 0;
    if (share > TOO_MUCH) {
      this.#level = Math.min(MOST_RELIEF, this.#level + 1);
      this.#worst = worst;
    } else if (this.#calm >= CALM_LOOKS) {
      this.#level = Math.max(0, this.#level - 1);
      this.#calm = 0;
    }
  }
}

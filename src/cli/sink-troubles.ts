/** What a person is told of exports that fail: every new trouble at once, one that goes on now and then. */
import type { WeirError } from '../lib/errors.ts';

const REPEAT_MILLIS = 60_000;

interface Told {
  readonly message: string;
  readonly at: number;
}

export class SinkTroubles {
  readonly #now: () => number;
  readonly #say: (text: string) => void;
  readonly #told = new Map<string, Told>();
  #exitStatus = 0;

  /** `now`: any monotonic clock, milliseconds. */
  constructor(now: () => number, say: (text: string) => void) {
    this.#now = now;
    this.#say = say;
  }

  /** The status of the first failure; 0 without one. */
  get exitStatus(): number {
    return this.#exitStatus;
  }

  /** A batch was given up. `exportName` as people know it: a failing disk fails twice a second, and says the same. */
  tell(exportName: string, { message, exitStatus }: WeirError): void {
    this.#exitStatus ||= exitStatus;
    const told = this.#told.get(exportName);
    const now = this.#now();
    if (told?.message === message && now - told.at < REPEAT_MILLIS) return;
    this.#told.set(exportName, { message, at: now });
    this.#say(`${exportName}: ${message}`);
  }
}

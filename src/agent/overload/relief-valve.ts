/** Looks at what the agent uses, and has it do without something before the kernel ends it. */
import type { Timers } from '../../lib/timers.ts';
import { Pressure, type Usage } from './pressure.ts';
import { type Relief, reliefAt } from './relief.ts';

export interface ReliefValveOptions {
  readonly usage: () => readonly Usage[];
  readonly timers: Timers;
  /** It does without more, or less, from now on. `why` is for people; undefined where it does without nothing any more. */
  readonly changed: (relief: Relief, why: string | undefined) => void;
}

const LOOK_MILLIS = 10_000;

export class ReliefValve {
  readonly #options: ReliefValveOptions;
  readonly #pressure = new Pressure();
  #cancel: (() => void) | undefined;

  constructor(options: ReliefValveOptions) {
    this.#options = options;
  }

  /** From 0, nothing is done without. */
  get level(): number {
    return this.#pressure.level;
  }

  start(): void {
    this.#cancel = this.#options.timers.after(LOOK_MILLIS, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  #look(): void {
    const before = this.#pressure.level;
    this.#pressure.look(this.#options.usage());
    const { level, worst } = this.#pressure;
    if (level !== before) this.#options.changed(reliefAt(level), worst && reasonText(reliefAt(level), worst));
  }
}

function reasonText({ lessOften, oneIn }: Relief, { of, share }: Usage): string {
  const sampled = oneIn === 1 ? '' : `, and of the connections that are captured one in ${oneIn} is taken`;
  return `${Math.round(share * 100)} % of its ${of} was in use: live connections are reported ${lessOften} times less often${sampled}`;
}

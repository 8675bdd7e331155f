import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../../src/plan/plan.ts';
import { ask } from './ask.ts';
import type { Stage } from './stages.ts';

const PROGRAM = fileURLToPath(new URL('stage.child.ts', import.meta.url));

export interface StageSetup {
  readonly stage: Stage;
  readonly imageFile: string;
  readonly inventoryFile: string;
  readonly cgroups: string;
  readonly plan: Plan;
}

/** One round: so many passes over the image. */
export interface StageRound {
  readonly records: number;
  readonly bytes: number;
  /** CPU time of all threads, the garbage collector's helpers among them: what one core would take. */
  readonly cpuMicros: number;
}

/** One stage in a process of its own: code that serves two stages is compiled for both, and slower for each. */
export class StageProcess implements Disposable {
  readonly #child: ChildProcess;

  constructor(setup: StageSetup) {
    this.#child = fork(PROGRAM, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** Resolves when the round is over; rejects when the process ends instead. */
  round(passes: number): Promise<StageRound> {
    return ask(this.#child, passes);
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

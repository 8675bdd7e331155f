import { eventually, Hopeless } from '../eventually.ts';
import type { Daemon } from '../process/daemon.ts';

const START_LIMIT_MILLIS = 60_000;

interface Definition {
  readonly name: string;
  /** Runs it once more, with the same settings. */
  run(): Promise<Daemon>;
  /** Rejects until it answers. */
  answers(): Promise<unknown>;
}

/** A program that a node runs, and that a test may kill and start again. */
export class Service {
  readonly #definition: Definition;
  #daemon: Daemon | undefined;

  constructor(definition: Definition) {
    this.#definition = definition;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#daemon?.ended === false ? this.#daemon.pid : undefined;
  }

  /** Resolves when it answers. Does nothing else when it runs already. */
  async start(): Promise<void> {
    if (this.pid === undefined) this.#daemon = await this.#definition.run();
    await eventually(() => this.#answers(), {
      what: `${this.#definition.name} answers`,
      timeoutMillis: START_LIMIT_MILLIS,
    });
  }

  /** SIGKILL; resolves when the process is gone. What it has started lives on. */
  async kill(): Promise<void> {
    await this.#daemon?.kill();
  }

  async #answers(): Promise<void> {
    const failure = this.#daemon?.failure;
    if (failure !== undefined) throw new Hopeless(failure);
    await this.#definition.answers();
  }
}

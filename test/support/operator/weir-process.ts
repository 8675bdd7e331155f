import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, Hopeless } from '../cluster/eventually.ts';
import { Daemon } from '../cluster/process/daemon.ts';
import { parseSamples } from './samples.ts';

/** A long-running command of weir as a process of its own. It dies with the test at the latest. */
export class WeirProcess implements AsyncDisposable {
  /** Where /metrics is. */
  readonly url: string;
  readonly log: string;
  /** ms since the epoch: just before the process was made. */
  readonly startedAt: number;
  readonly #daemon: Daemon;

  protected constructor({ daemon, log, url, startedAt }: Started) {
    this.#daemon = daemon;
    this.log = log;
    this.url = url;
    this.startedAt = startedAt;
  }

  /**
   * Resolves with what {@link WeirProcess} is made of, once the command says that it is ready.
   * @param program what Node runs, from the top of the checkout: the sources, or a bundle of them
   * @param within words that come before Node: a command that becomes it
   */
  protected static async run(
    command: string,
    options: readonly string[],
    log: string,
    program = 'src/main.ts',
    within: readonly string[] = [],
  ): Promise<Started> {
    const listening = ['--listen', '127.0.0.1:0', '--log-level', 'debug'];
    const argv = [...within, process.execPath, join(process.cwd(), program), command, ...options, ...listening];
    const startedAt = Date.now();
    const daemon = await Daemon.start(command, argv, log);
    const url = await eventually(
      async () => {
        if (daemon.failure !== undefined) throw new Hopeless(daemon.failure);
        const address = /"address":"([^"]+)"/.exec(await readFile(log, 'utf8'))?.[1];
        if (address === undefined) throw new Error('it does not say where it listens');
        const answer = await fetch(`http://${address}/readyz`);
        if (answer.status !== 200) throw new Error(await answer.text());
        return `http://${address}`;
      },
      { what: `weir ${command} is ready`, timeoutMillis: 30_000 },
    );
    return { daemon, log, url, startedAt };
  }

  get pid(): number | undefined {
    return this.#daemon.pid;
  }

  /** Why it ended; undefined while it runs. */
  get failure(): string | undefined {
    return this.#daemon.failure;
  }

  /** @throws Error while it is not ready. */
  async ready(): Promise<void> {
    const answer = await fetch(`${this.url}/readyz`);
    const words = await answer.text();
    if (answer.status !== 200) throw new Error(words);
  }

  /** The samples of /metrics, by name and labels as Prometheus writes them. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    return parseSamples(await (await fetch(`${this.url}/metrics`)).text());
  }

  /** The JSON lines of its output so far, parsed: of the log, and of whatever else it prints. */
  async logLines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const lines = (await readFile(this.log, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  }

  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void> {
    return this.#daemon.stop();
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#daemon.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

export interface Started {
  readonly daemon: Daemon;
  readonly log: string;
  readonly url: string;
  readonly startedAt: number;
}

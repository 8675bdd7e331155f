import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/**
 * The kernel kills the daemon when this process ends, in whatever way. The shell closes the gap before that was asked for:
 * a daemon whose parent is already another process is not started.
 */
const BOUND_TO_PARENT = ['--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" -eq "$0" ] && exec "$@"', `${process.pid}`];
const LOG_CHARACTERS = 2_000;

/** A process in the background that lives at most as long as this one and writes its output into a file. */
export class Daemon {
  readonly name: string;
  readonly #log: string;
  readonly #child: ChildProcess;

  private constructor(name: string, log: string, child: ChildProcess) {
    this.name = name;
    this.#log = log;
    this.#child = child;
    // Else it would keep this process alive that it must not outlive. A failed start shows as `ended`.
    child.unref();
    child.on('error', () => undefined);
  }

  /** @param log file that the output is appended to */
  static async start(name: string, argv: readonly string[], log: string): Promise<Daemon> {
    const output = openSync(log, 'a');
    try {
      const child = spawn('setpriv', [...BOUND_TO_PARENT, ...argv], { cwd: '/', stdio: ['ignore', output, output] });
      const daemon = new Daemon(name, log, child);
      await once(child, 'spawn');
      return daemon;
    } finally {
      closeSync(output);
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Why it ended, with its last words; undefined while it runs. */
  get failure(): string | undefined {
    if (!this.ended) return undefined;
    const how = this.#child.signalCode ?? `status ${this.#child.exitCode}`;
    return `${this.name} ended with ${how}:\n${readFileSync(this.#log, 'utf8').slice(-LOG_CHARACTERS)}`;
  }

  /** SIGTERM; resolves when the process is gone, which it has to be within its own time. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const exited = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill('SIGTERM');
    await exited;
  }

  /** SIGKILL; resolves when the process is gone. Does nothing when it is gone already. */
  async kill(): Promise<void> {
    if (this.ended) return;
    const exited = once(this.#child, 'exit');
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await exited;
  }
}

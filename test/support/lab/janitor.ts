import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program; it takes the temporary directory and the cgroups' directories, and works when its input ends. */
export const JANITOR = fileURLToPath(new URL('janitor.sh', import.meta.url));

/** A process that ends and removes everything in some cgroups when it is told to, or when this process goes away. */
export class Janitor {
  readonly #process: ChildProcess;
  readonly #what: string;
  #end: Promise<void> | undefined;

  private constructor(janitor: ChildProcess, what: string) {
    this.#process = janitor;
    this.#what = what;
    janitor.unref();
  }

  /**
   * It is there before anything that it must remove: neither directory has to exist.
   *
   * @param temporary directory that goes away with the cgroups
   * @param cgroups absolute paths of their directories
   */
  static async hire(temporary: string, cgroups: readonly string[]): Promise<Janitor> {
    const child = spawn('sh', [JANITOR, temporary, ...cgroups], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const janitor = new Janitor(child, cgroups.join(', '));
    await once(child, 'spawn');
    return janitor;
  }

  /** Resolves when nothing is left; rejects when something is. Can be called again. */
  async finish(): Promise<void> {
    this.#end ??= this.#finish();
    await this.#end;
  }

  async #finish(): Promise<void> {
    const janitor = this.#process;
    if (janitor.exitCode === null && janitor.signalCode === null) {
      const exited = once(janitor, 'exit');
      janitor.ref();
      janitor.stdin?.end();
      await exited;
    }
    if (janitor.exitCode !== 0) {
      throw new Error(
        `something of ${this.#what} was left behind (janitor: ${janitor.signalCode ?? janitor.exitCode})`,
      );
    }
  }
}

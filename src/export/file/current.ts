/** The file that records are appended to now, which somebody may have renamed: another agent, or logrotate. */
import type { Stats } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { Appender } from './append.ts';
import { codeOf, openOwnFile } from './open.ts';

const NEWLINE = 0x0a;
const PERMISSIONS = 0o777;

export interface Clocks {
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms since some instant in the past; never steps. */
  readonly monotonic: () => number;
}

export class CurrentFile {
  readonly #file: FileHandle;
  readonly #stats: Stats;
  readonly #path: string;
  readonly #clocks: Clocks;
  readonly #appender: Appender;
  /** When the first record came, by the monotonic clock; undefined: there is none yet. */
  #firstAt: number | undefined;

  private constructor(path: string, clocks: Clocks, file: FileHandle, stats: Stats, torn: boolean) {
    this.#path = path;
    this.#clocks = clocks;
    this.#file = file;
    this.#stats = stats;
    this.#appender = new Appender(file, torn);
    if (stats.size === 0) return;
    // It has no record from before it was made; some file systems do not know when that was.
    const made = stats.birthtimeMs > 0 ? stats.birthtimeMs : stats.mtimeMs;
    this.#firstAt = clocks.monotonic() - Math.max(0, clocks.now() - made);
  }

  /** @param mode of a file that has to be made. @throws WeirError */
  static async open(path: string, clocks: Clocks, mode?: number): Promise<CurrentFile> {
    const { file, stats } = await openOwnFile(path);
    try {
      if (mode !== undefined && stats.size === 0) await file.chmod(mode);
      return new CurrentFile(path, clocks, file, stats, await endsTorn(file, stats.size));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Which file system it is on. */
  get disk(): string {
    return String(this.#stats.dev);
  }

  /** Permission bits, which the next file takes over: who may read is its owner's choice. */
  async mode(): Promise<number> {
    return (await this.#file.stat()).mode & PERMISSIONS;
  }

  /** ms since the first record came; undefined: there is none. */
  get ageMillis(): number | undefined {
    return this.#firstAt === undefined ? undefined : this.#clocks.monotonic() - this.#firstAt;
  }

  /** Whether the path still leads to this file. */
  async isInPlace(): Promise<boolean> {
    try {
      const { dev, ino } = await stat(this.#path);
      return dev === this.#stats.dev && ino === this.#stats.ino;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /** The size in bytes, all lines ended. */
  async size(): Promise<number> {
    const size = await this.#appender.mend();
    if (size === 0) this.#firstAt = undefined;
    return size;
  }

  /** @param before the size. */
  async append(lines: Buffer, before: number): Promise<void> {
    this.#firstAt ??= this.#clocks.monotonic();
    await this.#appender.append(lines, before);
  }

  datasync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEWLINE;
}

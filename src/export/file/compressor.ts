/** Compresses the renamed files of one export in the background, the oldest first. */
import type { Timers } from '../../lib/timers.ts';
import { compress } from './compress.ts';
import { compressedName } from './names.ts';
import { uncompressed } from './policy.ts';
import type { RotatedFiles } from './rotated.ts';
import type { Turns } from './turns.ts';

/** Another agent that had the file open when it was renamed may still be writing a batch to it. */
export const SETTLE_MILLIS = 5_000;
/** All compress one after another, wherever. */
const LANE = 'compress';
/** Pause after a failure, such as of a full disk. */
const RETRY_MILLIS = 60_000;

export interface CompressorOptions {
  readonly files: RotatedFiles;
  /** Whose turn it is to compress, in the whole process. */
  readonly turns: Turns;
  readonly timers: Timers;
  /** ms since the epoch. */
  readonly now: () => number;
  /** What could not be compressed stays as it is, and is tried again. */
  readonly failed: (error: unknown) => void;
}

/** The queue is the directory: whatever renamed files are there, those of a run before too, and none in memory. */
export class Compressor {
  readonly #options: CompressorOptions;
  #cancelTimer: (() => void) | undefined;
  #passing = false;
  #closed = false;
  /** The file that is being compressed. */
  #active: Promise<unknown> | undefined;

  constructor(options: CompressorOptions) {
    this.#options = options;
  }

  /** There are renamed files, or there may be. */
  wake(millis = SETTLE_MILLIS): void {
    if (this.#closed) return;
    this.#cancelTimer ??= this.#options.timers.after(millis, () => {
      this.#cancelTimer = undefined;
      if (this.#passing) this.wake();
      else void this.#pass();
    });
  }

  /** Leaves off what is under way; the next start does it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#active;
  }

  async #pass(): Promise<void> {
    const { turns, failed } = this.#options;
    const seen = new Set<string>();
    this.#passing = true;
    try {
      let more = true;
      while (more && !this.#closed) more = await turns.run(LANE, () => this.#activate(seen));
    } catch (error) {
      failed(error);
      this.wake(RETRY_MILLIS);
    } finally {
      this.#passing = false;
    }
  }

  async #activate(seen: Set<string>): Promise<boolean> {
    const active = this.#one(seen);
    this.#active = active.catch(() => undefined);
    return active;
  }

  /** Sees to the oldest that was not seen yet; false: there is none. */
  async #one(seen: Set<string>): Promise<boolean> {
    if (this.#closed) return false;
    const { files, now } = this.#options;
    const there = await files.names();
    const next = uncompressed(there).find(({ name }) => !seen.has(name));
    if (next === undefined) return false;
    seen.add(next.name);
    if (!(await files.isOwn(next))) return true;
    // Only what is whole has that name: somebody was killed before removing what it was made of.
    const whole = there.find(({ name }) => name === compressedName(next.name));
    if (whole !== undefined && (await files.isOwn(whole))) {
      await files.remove(next.name);
      return true;
    }
    const age = now() - ((await files.stat(next.name))?.ctimeMs ?? 0);
    if (age >= 0 && age < SETTLE_MILLIS) this.wake();
    else {
      await compress({
        from: files.at(next.name),
        temporary: files.temporary(next),
        to: files.at(compressedName(next.name)),
        isOver: () => this.#closed,
      });
    }
    return true;
  }
}

/** A sink that appends NDJSON to a file, and renames it when it is large or old. */
import { dirname } from 'node:path';
import type { WeirError } from '../../lib/errors.ts';
import type { Timers } from '../../lib/timers.ts';
import { CATALOGUE } from '../../record/catalogue.ts';
import type { Field } from '../../record/field.ts';
import type { Flow } from '../../record/flow.ts';
import { ndjsonEncoder } from '../encode/ndjson.ts';
import type { Sink } from '../sink.ts';
import { Compressor } from './compressor.ts';
import { type Clocks, CurrentFile } from './current.ts';
import { shown, sinkFailed } from './open.ts';
import { isDue, type Rotation } from './policy.ts';
import { RotatedFiles } from './rotated.ts';
import { Turns } from './turns.ts';

export interface FileSinkOptions extends Clocks {
  readonly path: string;
  /** Undefined: all. */
  readonly fields: readonly Field[] | undefined;
  /** Undefined: the file is never renamed. */
  readonly rotation: Rotation | undefined;
  readonly timers: Timers;
  /** No record is lost, but renamed files are not as they should be: too many, too old, or not compressed. */
  readonly troubled: (error: WeirError) => void;
}

/**
 * Of the four threads that Node has for files, for looking up names and for compressing, at most two write, each to another disk,
 * and at most one compresses: one is left when disks hang.
 */
const WRITING = new Turns(2);
const COMPRESSING = new Turns(1);
/** Which disk a directory is on, since that shows only when a file there is open. */
const DISKS = new Map<string, string>();

/** Pause before a file that is old enough is tried again, when it could not be renamed and nothing comes. */
const RETRY_MILLIS = 60_000;
/** Timers know 24.8 days at most; one that comes too early begins anew. */
const LONGEST_TIMER_MILLIS = 86_400_000;

/**
 * Opens the file, or makes it. Batches are written whole or not at all; see `openOwnFile` for what it may be.
 * @throws WeirError InvalidInput when the path cannot be such a file, MissingPrivilege, SinkFailed.
 */
export async function openFileSink(options: FileSinkOptions): Promise<Sink> {
  const { path, rotation } = options;
  const directory = dirname(path);
  return WRITING.run(DISKS.get(directory) ?? directory, async () => {
    const renaming = rotation === undefined ? undefined : { rotation, files: new RotatedFiles(path) };
    const current = await CurrentFile.open(path, options);
    DISKS.set(directory, current.disk);
    const sink = new FileSink(options, renaming, current);
    await sink.tidy();
    return sink;
  });
}

interface Renaming {
  readonly rotation: Rotation;
  readonly files: RotatedFiles;
}

class FileSink implements Sink {
  readonly #options: FileSinkOptions;
  readonly #encode: (batch: readonly Flow[]) => Buffer;
  readonly #renaming: Renaming | undefined;
  readonly #compressor: Compressor | undefined;
  #current: CurrentFile;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: FileSinkOptions, renaming: Renaming | undefined, current: CurrentFile) {
    const { fields, timers, now } = options;
    this.#options = options;
    this.#encode = ndjsonEncoder(fields ?? CATALOGUE);
    this.#renaming = renaming;
    this.#current = current;
    if (renaming?.rotation.compress !== true) return;
    this.#compressor = new Compressor({
      files: renaming.files,
      turns: COMPRESSING,
      timers,
      now,
      failed: (error) => this.#trouble('cannot compress renamed files, which stay as they are, of', error),
    });
  }

  async write(batch: readonly Flow[]): Promise<void> {
    const lines = this.#encode(batch);
    await this.#inTurn(async () => {
      try {
        await this.#follow();
        let size = await this.#current.size();
        if (await this.#rotateIfDue(size, lines.length)) size = await this.#current.size();
        await this.#current.append(lines, size);
      } catch (error) {
        throw sinkFailed(`cannot write to ${shown(this.#options.path)}`, error);
      } finally {
        this.#watchAge();
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#compressor?.close();
    await this.#inTurn(async () => {
      try {
        await this.#current.datasync();
      } catch (error) {
        throw sinkFailed(`cannot flush ${shown(this.#options.path)}`, error);
      } finally {
        await this.#current.close();
      }
    });
  }

  /** Clears up after a run before, and after a plan that kept more. */
  async tidy(): Promise<void> {
    if (this.#renaming === undefined) return;
    const { files, rotation } = this.#renaming;
    try {
      await files.removeTemporary();
      await files.prune(rotation.maxFiles);
    } catch (error) {
      this.#trouble('cannot remove files beside', error);
    }
    this.#compressor?.wake();
    this.#watchAge();
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    return WRITING.run(this.#current.disk, task);
  }

  /** Goes on with a new file where somebody has renamed or removed the one that is open. */
  async #follow(): Promise<void> {
    if (!(await this.#current.isInPlace())) await this.#reopen();
  }

  async #reopen(): Promise<void> {
    const before = this.#current;
    this.#current = await CurrentFile.open(this.#options.path, this.#options, await before.mode());
    await before.close();
  }

  /** Whether it was renamed, before so many more bytes. */
  async #rotateIfDue(size: number, moreBytes: number): Promise<boolean> {
    const ageMillis = this.#current.ageMillis ?? 0;
    if (this.#renaming === undefined || !isDue({ size, ageMillis }, moreBytes, this.#renaming.rotation)) return false;
    const { files, rotation } = this.#renaming;
    await files.add(this.#options.now());
    await this.#reopen();
    await files.prune(rotation.maxFiles).catch((error: unknown) => this.#trouble('cannot remove files beside', error));
    this.#compressor?.wake();
    return true;
  }

  /** Sees to it that a file to which nothing more comes is renamed in time. */
  #watchAge(millis = this.#millisLeft()): void {
    if (millis === undefined || this.#closed) return;
    this.#cancelTimer ??= this.#options.timers.after(Math.min(Math.max(0, millis), LONGEST_TIMER_MILLIS), () => {
      this.#cancelTimer = undefined;
      void this.#rotateOld();
    });
  }

  /** Until the file is old enough, ms; undefined: it never will be as it is. */
  #millisLeft(): number | undefined {
    const maxAgeMillis = this.#renaming?.rotation.maxAgeMillis;
    const { ageMillis } = this.#current;
    return maxAgeMillis === undefined || ageMillis === undefined ? undefined : maxAgeMillis - ageMillis;
  }

  async #rotateOld(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#closed) return;
      try {
        await this.#follow();
        await this.#rotateIfDue(await this.#current.size(), 0);
        this.#watchAge();
      } catch (error) {
        this.#trouble('cannot rename', error);
        this.#watchAge(RETRY_MILLIS);
      }
    });
  }

  #trouble(what: string, error: unknown): void {
    this.#options.troubled(sinkFailed(`${what} ${shown(this.#options.path)}`, error));
  }
}

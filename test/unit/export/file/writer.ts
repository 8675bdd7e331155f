import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { vi } from 'vitest';
import type { Rotation } from '../../../../src/export/file/policy.ts';
import { type FileSinkOptions, openFileSink } from '../../../../src/export/file/sink.ts';
import type { Sink } from '../../../../src/export/sink.ts';
import { selectFields } from '../../../../src/record/catalogue.ts';
import type { Flow } from '../../../../src/record/flow.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { flow } from '../flows.ts';

const FIELDS = selectFields(['flow.sequence', 'process.executable.name']);
export const IS_ROOT = process.getuid?.() === 0;
/** 2026-11-26T11:42:03.123Z */
export const T0 = 1_795_693_323_123;

/** Flows whose line is `{"flow.sequence":N}`. */
export function numbered(...numbers: number[]): Flow[] {
  return numbers.map((sequence) => flow({ sequence, process: undefined }));
}

export function lines(...numbers: number[]): string {
  return numbers.map((sequence) => `{"flow.sequence":${sequence}}\n`).join('');
}

/** One process that writes to a path, with a clock and timers of its own. */
export class Writer {
  readonly timers = new ManualTimers();
  readonly troubles: string[] = [];
  readonly path: string;
  /** ms since the epoch that have not passed by `timers`. */
  epoch = T0;

  constructor(path: string) {
    this.path = path;
  }

  open(rotation?: Partial<Rotation>): Promise<Sink> {
    return openFileSink(this.options(rotation));
  }

  options(rotation?: Partial<Rotation>): FileSinkOptions {
    const none = { maxBytes: undefined, maxAgeMillis: undefined, maxFiles: undefined, compress: false };
    return {
      path: this.path,
      fields: FIELDS,
      rotation: rotation === undefined ? undefined : { ...none, ...rotation },
      timers: this.timers,
      now: () => this.epoch + this.timers.now,
      monotonic: () => this.timers.now,
      troubled: ({ message }) => this.troubles.push(message),
    };
  }
}

/** Waits until the assertion holds. */
export async function until(assertion: () => void): Promise<void> {
  await vi.waitFor(assertion, { timeout: 15_000, interval: 5 });
}

/** Names in a directory, sorted. */
export function names(directory: string): string[] {
  return readdirSync(directory).toSorted();
}

/** What the files of a directory hold, those that are compressed too, the oldest first and the current one last. */
export function texts(directory: string, base = 'flows.ndjson'): string[] {
  const found = names(directory).filter((name) => name.startsWith(base));
  return [...found.filter((name) => name !== base), ...found.filter((name) => name === base)].map((name) => {
    const bytes = readFileSync(join(directory, name));
    return String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  });
}

/** The numbers of all records of a directory; throws where a line is not whole. */
export function sequences(directory: string): number[] {
  return texts(directory).flatMap((text) => {
    if (text !== '' && !text.endsWith('\n')) throw new Error(`torn: ${text.slice(-80)}`);
    return text
      .split('\n')
      .slice(0, -1)
      .map((line): number => JSON.parse(line)['flow.sequence']);
  });
}

/** A file system in memory. Unmounted at once, it lives only as long as this process holds it: a killed test leaves no mount. */
export class SmallDisk implements Disposable {
  readonly #handle: number;

  /** @param parent an empty place in this directory is used. */
  constructor(parent: string, bytes: number) {
    const mountPoint = join(parent, 'disk');
    mkdirSync(mountPoint);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'weir-test', mountPoint]);
    this.#handle = openSync(mountPoint, 'r');
    execFileSync('umount', ['--lazy', mountPoint]);
  }

  get path(): string {
    return `/proc/self/fd/${this.#handle}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}

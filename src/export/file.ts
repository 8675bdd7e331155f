import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeirError } from '../lib/errors.ts';
import { CATALOGUE } from '../record/catalogue.ts';
import type { Field } from '../record/field.ts';
import { ndjsonEncoder } from './encode/ndjson.ts';
import type { Sink } from './sink.ts';

// Read, to see how the file ends; no link, which others could have laid; no waiting for the reader of a named pipe.
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Flows say who talks to whom: not for everybody on the machine. */
const MODE = 0o640;
const WRITABLE_BY_OTHERS = 0o022;
const NEWLINE = Buffer.from('\n');

/**
 * A sink that appends NDJSON to a file, which it creates with mode 0640 when there is none. One that is there must belong
 * to the user of this process, and nobody else may write to it; who may read it is its owner's choice.
 *
 * A batch that cannot be written as a whole is taken back from the file, so that nothing is there twice after a retry.
 * A torn line that is there already, or that cannot be taken back, is ended before the next record.
 * @throws WeirError InvalidInput when the path cannot be such a file, MissingPrivilege, SinkFailed.
 */
export async function openFileSink(path: string, fields: readonly Field[] = CATALOGUE): Promise<Sink> {
  const file = await openFile(path);
  try {
    const stats = await file.stat();
    requireOwnFile(path, stats);
    return fileSink(path, file, fields, await endsTorn(file, stats.size));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Where others may write too, as in /tmp, they could have laid the file, to read the flows or to forge them. */
function requireOwnFile(path: string, stats: Stats): void {
  if (!stats.isFile()) throw notAFile(path, 'is not a regular file');
  const user = process.geteuid?.();
  if (stats.uid !== user) {
    throw notAFile(path, `belongs to user ${stats.uid}, and Weir runs as ${user}: remove it, or choose another path`);
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    throw notAFile(path, `may be written by others (mode ${mode}): remove it, or chmod go-w it if its lines are yours`);
  }
}

/** What the sink needs of an open file; writes go to the file's end. */
export interface AppendFile {
  stat(): Promise<{ readonly size: number }>;
  /** Writes what it can of the bytes from `offset` on. */
  write(bytes: Buffer, offset: number): Promise<{ readonly bytesWritten: number }>;
  truncate(size: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** @param tornAtOpen the file does not end in a newline. */
export function fileSink(path: string, file: AppendFile, fields: readonly Field[], tornAtOpen: boolean): Sink {
  const encode = ndjsonEncoder(fields);
  let torn = tornAtOpen;
  return {
    async write(batch) {
      const records = encode(batch);
      const progress = { written: 0 };
      let before = 0;
      try {
        before = (await file.stat()).size;
        if (torn) before += await writeAll(file, NEWLINE, { written: 0 });
        torn = false;
        await writeAll(file, records, progress);
      } catch (error) {
        if (progress.written > 0) torn = !(await takeBack(file, before, progress.written));
        throw new WeirError('SinkFailed', `cannot write to ${shown(path)}: ${messageOf(error)}`, { cause: error });
      }
    },
    async close() {
      try {
        await file.datasync();
      } catch (error) {
        throw new WeirError('SinkFailed', `cannot flush ${shown(path)}: ${messageOf(error)}`, { cause: error });
      } finally {
        await file.close();
      }
    },
  };
}

async function writeAll(file: AppendFile, bytes: Buffer, progress: { written: number }): Promise<number> {
  while (progress.written < bytes.length) {
    progress.written += (await file.write(bytes, progress.written)).bytesWritten;
  }
  return progress.written;
}

/** Removes the last bytes that were written, unless somebody else has written to the file since; false: they stay. */
async function takeBack(file: AppendFile, before: number, written: number): Promise<boolean> {
  try {
    if ((await file.stat()).size !== before + written) return false;
    await file.truncate(before);
    return true;
  } catch {
    return false;
  }
}

async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return !buffer.equals(NEWLINE);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS, MODE);
  } catch (error) {
    throw openError(path, error);
  }
}

function openError(path: string, error: unknown): WeirError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return notAFile(
        path,
        `needs the directory ${shown(dirname(path))}, which does not exist: create it, or choose another path`,
        error,
      );
    case 'ENOTDIR':
      return notAFile(
        path,
        `goes through ${shown(dirname(path))}, which is not a directory: choose another path`,
        error,
      );
    case 'EISDIR':
      return notAFile(path, 'is a directory: name a file in it, such as flows.ndjson', error);
    case 'ELOOP':
      return notAFile(path, 'is a symbolic link, which could lead anywhere: name the file itself', error);
    case 'ENXIO':
      return notAFile(path, 'is a named pipe or a device: name a regular file', error);
    case 'EACCES':
    case 'EPERM':
      return new WeirError(
        'MissingPrivilege',
        `no permission to write to ${shown(path)}: choose another path, or change its mode`,
        { cause: error },
      );
    default:
      return new WeirError('SinkFailed', `cannot open ${shown(path)}: ${messageOf(error)}`, { cause: error });
  }
}

function notAFile(path: string, what: string, cause?: unknown): WeirError {
  return new WeirError('InvalidInput', `the file export's path ${shown(path)} ${what}`, { cause });
}

function shown(path: string): string {
  return JSON.stringify(path);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

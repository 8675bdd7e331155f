/** Opens the file that records are appended to, and refuses what others could have laid there. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeirError } from '../../lib/errors.ts';

// Read, to see how the file ends; no link, which others could have laid; no waiting for the reader of a named pipe.
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Flows say who talks to whom: not for everybody on the machine. */
export const MODE = 0o640;
const WRITABLE_BY_OTHERS = 0o022;

export interface OpenedFile {
  readonly file: FileHandle;
  readonly stats: Stats;
}

/**
 * Opens a file for appending, and creates it with mode 0640 when there is none. One that is there must belong to the user of this
 * process, and nobody else may write to it; who may read it is its owner's choice.
 * @throws WeirError InvalidInput when the path cannot be such a file, MissingPrivilege, SinkFailed.
 */
export async function openOwnFile(path: string): Promise<OpenedFile> {
  const file = await openFile(path);
  try {
    const stats = await file.stat();
    const wrong = whyNotOwn(stats);
    if (wrong !== undefined) throw notAFile(path, wrong);
    return { file, stats };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Why somebody else could have laid this file, to read the flows or to forge them: where others may write too, as in /tmp.
 * Undefined: it is this process's own.
 */
export function whyNotOwn(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file';
  const user = process.geteuid?.();
  if (stats.uid !== user) {
    return `belongs to user ${stats.uid}, and Weir runs as ${user}: remove it, or choose another path`;
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    return `may be written by others (mode ${mode}): remove it, or chmod go-w it if its lines are yours`;
  }
  return undefined;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, FLAGS, MODE);
  } catch (error) {
    throw openError(path, error);
  }
}

function openError(path: string, error: unknown): WeirError {
  switch (codeOf(error)) {
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
      return sinkFailed(`cannot open ${shown(path)}`, error);
  }
}

/** @param what is wrong with the path, and what to do. */
export function notAFile(path: string, what: string, cause?: unknown): WeirError {
  return new WeirError('InvalidInput', `the file export's path ${shown(path)} ${what}`, { cause });
}

/** An error of the machine as a person reads it; one that is written for people already stays as it is. */
export function sinkFailed(what: string, error: unknown): WeirError {
  if (error instanceof WeirError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new WeirError('SinkFailed', `${what}: ${why}`, { cause: error });
}

/** Such as ENOENT. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

export function shown(path: string): string {
  return JSON.stringify(path);
}

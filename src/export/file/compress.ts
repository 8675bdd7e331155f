/** One renamed file → the same, compressed. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, lstat, open, unlink } from 'node:fs/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { codeOf, whyNotOwn } from './open.ts';

const CHUNK_BYTES = 256 * 1024;

export interface Compression {
  readonly from: string;
  /** Where it is written, until it is whole; nobody else uses this path. */
  readonly temporary: string;
  readonly to: string;
  /** Whether to leave off; asked again and again. */
  readonly isOver: () => boolean;
}

/**
 * Compresses a file and removes it; it keeps its permissions. Until the whole is on the disk nothing has the final name. False:
 * it was left off, is gone, has changed meanwhile, or is compressed already; nothing has changed then.
 *
 * One operation at a time, so that never more than one of Node's threads for files waits for the disk.
 */
export async function compress({ from, temporary, to, isOver }: Compression): Promise<boolean> {
  await using source = await openRotated(from);
  if (source === undefined) return false;
  const before = await source.stat();
  if (whyNotOwn(before) !== undefined) return false;
  try {
    {
      await using target = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
      await target.chmod(before.mode & 0o777);
      if (!(await deflate(source, target, isOver))) return false;
      await target.sync();
    }
    // What another agent appended late would be lost with the file.
    if (!isSame(before, await lstatOrGone(from))) return false;
    return await replace({ from, temporary, to });
  } finally {
    await removeIfThere(temporary);
  }
}

/** Gives what is whole its final name, unless another has done it. */
async function replace({ from, temporary, to }: Pick<Compression, 'from' | 'temporary' | 'to'>): Promise<boolean> {
  try {
    await link(temporary, to);
  } catch (error) {
    // ENOENT: an agent that has just started took it for a left-over.
    const code = codeOf(error);
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
  await removeIfThere(from);
  return true;
}

async function deflate(source: FileHandle, target: FileHandle, isOver: () => boolean): Promise<boolean> {
  const gzip = createGzip();
  const deflated: Buffer[] = [];
  gzip.on('data', (part: Buffer) => deflated.push(part));
  // Whoever waits is told too.
  gzip.on('error', () => undefined);
  const flush = async (): Promise<void> => {
    for (const part of deflated.splice(0)) await writeWhole(target, part);
  };
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (;;) {
      if (isOver()) return false;
      const { bytesRead } = await source.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      await feed(gzip, chunk.subarray(0, bytesRead));
      await flush();
    }
    const ended = Promise.withResolvers<void>();
    gzip.once('end', ended.resolve).once('error', ended.reject);
    gzip.end();
    await ended.promise;
    await flush();
    return true;
  } finally {
    gzip.destroy();
  }
}

function feed(gzip: Gzip, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    gzip.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten;
}

async function openRotated(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function lstatOrGone(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isSame(before: Stats, after: Stats | undefined): boolean {
  return after !== undefined && before.ino === after.ino && before.dev === after.dev && before.size === after.size;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** A pass of a kernel program over everything that its iterator walks, in the kernel and without a copy to user space. */
import { closeSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { WeirError } from '../../lib/errors.ts';
import type { Libbpf } from './libbpf.ts';
import { errorText } from './libc.ts';

const readAsync = promisify(read);
const EAGAIN = 'EAGAIN';
/** The programs write nothing: a read ends only with the walk, or after a million elements of it. */
const ROOM = 64;

export interface KernelPass {
  /** Walks once, on a thread of its own; resolves at the end. @throws WeirError KernelRefused */
  run(): Promise<void>;
  /** Walks once, while nothing else goes on. @throws WeirError KernelRefused */
  runNow(): void;
  close(): void;
}

/**
 * @param programFd an iterator program. @param mapFd the map whose elements it walks; undefined for one that walks no map.
 * @throws WeirError KernelRefused
 */
export function kernelPass(libbpf: Libbpf, name: string, programFd: number, mapFd?: number): KernelPass {
  const link = checked(libbpf.linkIterator(programFd, mapFd), name);
  const beginWalk = () => {
    const fd = checked(libbpf.createIterator(link), name);
    return { fd, [Symbol.dispose]: () => closeSync(fd) };
  };
  return {
    async run() {
      using walk = beginWalk();
      // A hundred thousand sockets take tens of milliseconds.
      while (!isOver(await readAsync(walk.fd, buffer(), 0, ROOM, null).catch(asFailure), name));
    },
    runNow() {
      using walk = beginWalk();
      while (!isOver(readNow(walk.fd), name));
    },
    close: () => closeSync(link),
  };
}

function readNow(fd: number): ReadResult {
  try {
    return { bytesRead: readSync(fd, buffer(), 0, ROOM, null) };
  } catch (error) {
    return asFailure(error);
  }
}

type ReadResult = { readonly bytesRead: number } | { readonly failure: unknown };

function asFailure(failure: unknown): ReadResult {
  return { failure };
}

function isOver(result: ReadResult, name: string): boolean {
  if ('bytesRead' in result) return result.bytesRead === 0;
  const { failure } = result;
  if (failure instanceof Error && 'code' in failure && failure.code === EAGAIN) return false;
  throw new WeirError('KernelRefused', `the pass ${name} failed: ${String(failure)}`, { cause: failure });
}

function buffer(): Uint8Array {
  return new Uint8Array(ROOM);
}

function checked(result: number, name: string): number {
  if (result < 0) throw new WeirError('KernelRefused', `the kernel refused the pass ${name}: ${errorText(result)}`);
  return result;
}

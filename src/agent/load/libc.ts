/** The few C library calls that Node does not offer: shared mappings, locks, clocks to the nanosecond, and whether bpf(2) is open. */
import { constants } from 'node:os';
import koffi from 'koffi';
import { WeirError } from '../../lib/errors.ts';

const libc = koffi.load('libc.so.6');

type Address = bigint;
const mmap: (at: null, length: number, protection: number, flags: number, fd: number, offset: number) => Address =
  libc.func('void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)');
const munmap: (address: Address, length: number) => number = libc.func('int munmap(void *address, size_t length)');
const clockGettime: (clock: number, time: BigInt64Array) => number = libc.func(
  'int clock_gettime(int clock, _Out_ int64_t *time)',
);
const vsnprintf: (buffer: Uint8Array, size: number, format: string, variadic: unknown) => number = libc.func(
  'int vsnprintf(_Out_ uint8_t *buffer, size_t size, const char *format, void *arguments)',
);
const flock: (fd: number, operation: number) => number = libc.func('int flock(int fd, int operation)');
const getpagesize: () => number = libc.func('int getpagesize()');
const syscall: (number: number, command: number, attributes: null, size: number) => number = libc.func(
  'long syscall(long number, long command, void *attributes, long size)',
);
const strerror: (error: number) => string = libc.func('const char *strerror(int error)');

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_FAILED = 2n ** 64n - 1n;
const LOCK_EXCLUSIVELY = 2;
const LOCK_AT_ONCE = 4;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const MAX_LINE = 4096;
/** By Node's names of the architectures that Weir runs on. */
const BPF_SYSCALL: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
/** Of no kernel. */
const NO_BPF_COMMAND = 9999;

/** Bytes of a memory page: 4 KiB on x86-64, up to 64 KiB on arm64. */
export const PAGE_BYTES: number = getpagesize();

/** A mapping of a file descriptor's pages; `unmap` exactly once, after the last use of `bytes`. */
export interface Mapping {
  readonly bytes: ArrayBuffer;
  unmap(): void;
}

/** Maps `length` bytes of `fd` from `offset`, shared with the kernel. */
export function mapShared(fd: number, offset: number, length: number, access: 'read' | 'readWrite'): Mapping {
  const protection = access === 'read' ? PROT_READ : PROT_READ | PROT_WRITE;
  const address = mmap(null, length, protection, MAP_SHARED, fd, offset);
  if (koffi.address(address) === MAP_FAILED) {
    throw new WeirError(
      'KernelRefused',
      `mmap of ${length} bytes of a map of the kernel failed: ${errorText(koffi.errno())}`,
    );
  }
  const bytes = koffi.view(address, length);
  return { bytes, unmap: () => void munmap(address, length) };
}

/** Locks an open file or folder for this process alone, until it is closed; false while another has it. */
export function lockFile(fd: number): boolean {
  return flock(fd, LOCK_EXCLUSIVELY | LOCK_AT_ONCE) === 0;
}

const time = new BigInt64Array(2);

function nowNanos(clock: number): bigint {
  clockGettime(clock, time);
  return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
}

/** CLOCK_MONOTONIC in nanoseconds, as programs of the kernel read it. */
export function monotonicNanos(): number {
  return Number(nowNanos(CLOCK_MONOTONIC));
}

/** What must be added to CLOCK_MONOTONIC to get the wall clock, in microseconds, as both stand now. */
export function wallOffsetMicros(): number {
  const before = nowNanos(CLOCK_MONOTONIC);
  const wall = nowNanos(CLOCK_REALTIME);
  const after = nowNanos(CLOCK_MONOTONIC);
  return Number((wall - (before + after) / 2n) / 1000n);
}

/** Formats a C variadic message, as a callback receives it; cut at 4 KiB. */
export function formatVaList(format: string, variadic: unknown): string {
  const buffer = new Uint8Array(MAX_LINE);
  const length = vsnprintf(buffer, MAX_LINE, format, variadic);
  return Buffer.from(buffer.subarray(0, Math.max(0, Math.min(length, MAX_LINE - 1)))).toString('utf8');
}

/** `EPERM (Operation not permitted)` for 1 or −1. */
export function errorText(errno: number): string {
  const number = Math.abs(errno);
  const name = Object.entries(constants.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`;
  return `${name} (${strerror(number)})`;
}

/** errno of a bpf(2) whose command does not exist: EINVAL when it came as far as the kernel's own code. */
export function bpfErrno(): number {
  const number = BPF_SYSCALL[process.arch];
  if (number === undefined) return constants.errno.ENOSYS;
  return syscall(number, NO_BPF_COMMAND, null, 0) < 0 ? koffi.errno() : 0;
}

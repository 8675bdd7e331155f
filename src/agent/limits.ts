/** The agent's bounds and their defaults; what goes over one of them is counted in the ledger by reason. */
import type { ExporterOptions } from '../export/exporter.ts';
import type { TcpProgramOptions } from './load/load-tcp.ts';

export type KernelLimits = TcpProgramOptions;

const MEBIBYTE = 2 ** 20;

/** 8 MiB of ring hold 37,000 records: a burst of that many closes between two drains. */
const KERNEL_LIMITS: KernelLimits = {
  // On one machine both ends hash with the same key: a random one is enough, and tells an observer nothing.
  flowIdKey: undefined,
  flowIdKeyNumber: 0,
  maxConnections: 200_000,
  ringBytes: 8 * MEBIBYTE,
  joinBuckets: 16_384,
};

export function withDefaults(limits: Partial<KernelLimits> = {}): KernelLimits {
  return { ...KERNEL_LIMITS, ...limits };
}

/**
 * Each export's queue holds more than one full ring, so that a drain of a full ring alone loses nothing. Small batches:
 * their flows are still in the CPU's cache when they are encoded (5.3 µs a record, against 6.6 µs with 4,096 a batch).
 */
export const EXPORTER_OPTIONS: ExporterOptions = {
  maxQueued: 65_536,
  maxRecords: 256,
  maxMillis: 100,
  retryMillis: 500,
  onFull: 'DropNewest',
};

/** How long a stopping agent waits for its sinks, and an export that leaves the plan for its own. */
export const DRAIN_MILLIS = 5_000;

/** Pause before a sink that could not be opened is tried again. */
export const REOPEN_MILLIS = 10_000;

/**
 * Records of pods that are not listed yet wait for the watch, whose lag is seconds at worst: 65,536 at some 500 bytes each
 * are a burst of 6,500 a second for all that time.
 */
export const AWAITED = { maxRecords: 65_536, maxMillis: 10_000 } as const;

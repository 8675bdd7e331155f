import type { Timers } from '../../lib/timers.ts';
import type { WallClock } from '../decode/wall-clock.ts';
import type { BpfMap } from '../load/bpf-map.ts';
import type { DrainSource } from './drain-loop.ts';
import { mapRing } from './pages.ts';
import { type RecordHandler, RingReader } from './ring.ts';

/** A ring buffer of the kernel, ready to be drained; `close` unmaps it. */
export interface RingSource extends DrainSource {
  close(): void;
}

/** Whoever knows how far what was read is settled: Unsettled of restart/unsettled.ts. */
export interface Settling {
  begin(release: (position: number) => void): void;
  turn<T>(read: () => T, position: () => number): T;
  giveUpBefore(position: number): void;
  end(): void;
}

/** Of a ring whose records stay until they are settled so much is left for what comes. */
const FREE_SHARE = 1 / 2;

/**
 * The wall clock is followed before every drain, so that its records get the offset of their time.
 * @param settling keeps records in the ring until they are settled; undefined: they leave it when they are read.
 */
export function ringSource(
  map: BpfMap,
  clock: WallClock,
  handle: RecordHandler,
  timers: Timers,
  settling?: Settling,
): RingSource {
  const pages = mapRing(map);
  const reader = new RingReader(pages, { keeps: settling !== undefined });
  const drain = (limit: number) => reader.drain(handle, limit);
  const keptAtMost = pages.dataBytes * (1 - FREE_SHARE);
  settling?.begin((position) => reader.release(position));
  return {
    bytes: pages.dataBytes,
    backlogBytes: () => reader.backlogBytes(),
    wait: (millis) => waitForRing(() => reader.backlogBytes() > pages.dataBytes / WAKING_SHARE, millis, timers),
    drain(limit) {
      clock.follow();
      if (settling === undefined) return drain(limit);
      const read = settling.turn(
        () => drain(limit),
        () => reader.position,
      );
      if (reader.keptBytes > keptAtMost) settling.giveUpBefore(reader.position - keptAtMost);
      return read;
    },
    close() {
      settling?.end();
      pages.unmap();
    },
  };
}

/** The ring is emptied at once when so much of it is full. */
const WAKING_SHARE = 4;
/** Three quarters of 8 MiB are 30,000 records: 1.2 million a second would fill them between two looks. */
const LOOK_MILLIS = 25;

/**
 * Resolves when the ring fills, or after the time. By looks of this thread: waiting for the kernel would take one of the few
 * threads that file operations share, and a disk that hangs holds them all.
 */
export function waitForRing(isFilling: () => boolean, millis: number, timers: Timers): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (left: number): void => {
    if (left <= 0 || isFilling()) resolve();
    else timers.after(Math.min(left, LOOK_MILLIS), () => look(left - LOOK_MILLIS));
  };
  look(millis);
  return promise;
}

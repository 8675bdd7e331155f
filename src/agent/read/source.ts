import type { WallClock } from '../decode/wall-clock.ts';
import type { BpfMap } from '../load/bpf-map.ts';
import { waitReadable } from '../load/libc.ts';
import type { DrainSource } from './drain-loop.ts';
import { mapRing } from './pages.ts';
import { type RecordHandler, RingReader } from './ring.ts';

/** A ring buffer of the kernel, ready to be drained; `close` unmaps it. */
export interface RingSource extends DrainSource {
  close(): void;
}

/** The wall clock is followed before every drain, so that its records get the offset of their time. */
export function ringSource(map: BpfMap, clock: WallClock, handle: RecordHandler): RingSource {
  const pages = mapRing(map);
  const reader = new RingReader(pages);
  return {
    bytes: pages.dataBytes,
    backlogBytes: () => reader.backlogBytes(),
    wait: (millis) => waitReadable(map.fd, millis),
    drain(limit) {
      clock.follow();
      return reader.drain(handle, limit);
    },
    close: () => pages.unmap(),
  };
}

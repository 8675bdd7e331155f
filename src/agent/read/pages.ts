import type { BpfMap } from '../load/bpf-map.ts';
import { mapShared, PAGE_BYTES } from '../load/libc.ts';
import type { RingPages } from './ring.ts';

/** Maps a ring buffer's pages. `unmap` once the last reader is done. */
export function mapRing(ring: BpfMap): RingPages & { unmap(): void } {
  const dataBytes = ring.maxEntries;
  const consumer = mapShared(ring.fd, 0, PAGE_BYTES, 'readWrite');
  const producer = mapShared(ring.fd, PAGE_BYTES, PAGE_BYTES + 2 * dataBytes, 'read');
  return {
    consumer: consumer.bytes,
    producer: producer.bytes,
    pageBytes: PAGE_BYTES,
    dataBytes,
    unmap() {
      consumer.unmap();
      producer.unmap();
    },
  };
}

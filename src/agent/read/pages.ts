import type { BpfMap } from '../load/bpf-map.ts';
import { mapShared, PAGE_BYTES } from '../load/libc.ts';
import type { RingPages } from './ring.ts';

/** Maps a ring buffer's pages. `unmap` once the last reader is done. */
export function mapRing(ring: BpfMap): RingPages & { unmap(): void } {
  const dataBytes = ring.maxEntries;
  using mapped = new DisposableStack();
  const consumer = mapped.adopt(mapShared(ring.fd, 0, PAGE_BYTES, 'readWrite'), (pages) => pages.unmap());
  const producerBytes = PAGE_BYTES + 2 * dataBytes;
  const producer = mapped.adopt(mapShared(ring.fd, PAGE_BYTES, producerBytes, 'read'), (pages) => pages.unmap());
  const kept = mapped.move();
  return {
    consumer: consumer.bytes,
    producer: producer.bytes,
    pageBytes: PAGE_BYTES,
    dataBytes,
    unmap: () => kept.dispose(),
  };
}

/** What the kernel has counted, without the records that nobody has read for good: as of one moment, while it goes on. */
import { LEDGER_ENTRY, TCP_FLOW } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key } from '../load/bpf-map.ts';
import type { RingReader } from '../read/ring.ts';

export interface CountedSoFar {
  /** By set: the kernel's counts, in the order of struct ledger_entry. */
  readonly counts: ReadonlyMap<number, readonly number[]>;
  /** By set: records of these counts that are still in the ring. */
  readonly inRing: ReadonlyMap<number, number>;
}

/** A record of the set comes between two looks, again and again: at a million records a second so many times in a row. */
const MAX_TRIES = 10_000;

/**
 * Reads the counts of every set together with the records of it that are in the ring: a record is counted after its room is
 * reserved and before it is complete, so that counts between two equal looks at the ring belong to it.
 * @param reader keeps what it reads, from where the ring was released.
 * @param sets ids from 0 to this.
 */
export function countedSoFar(ledger: Pick<BpfMap, 'sumPerCpu'>, reader: RingReader, sets: number): CountedSoFar {
  const waiting = new Map<number, number>();
  const look = () => {
    do {
      reader.drain((view, offset, length) => {
        if (length !== TCP_FLOW.size) return;
        const set = view.getUint32(offset + TCP_FLOW.set, true);
        waiting.set(set, (waiting.get(set) ?? 0) + 1);
      });
      // One that is being written is complete within moments.
    } while (reader.backlogBytes() > 0);
  };
  const read = (set: number) => ledger.sumPerCpu(u32Key(set), LEDGER_ENTRY.size / 8);
  const counts = new Map<number, readonly number[]>();
  const inRing = new Map<number, number>();
  for (let set = 0; set <= sets; set++) {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      look();
      const before = waiting.get(set) ?? 0;
      const [once, again] = [read(set), read(set)];
      look();
      counts.set(set, once);
      inRing.set(set, before);
      if ((waiting.get(set) ?? 0) === before && once.join() === again.join()) break;
    }
  }
  return { counts, inRing };
}

import { beforeEach, describe, expect, it } from 'vitest';
import { LEDGER_ENTRY, TCP_FLOW } from '../../../../src/agent/decode/layout.generated.ts';
import { RingReader } from '../../../../src/agent/read/ring.ts';
import { countedSoFar } from '../../../../src/agent/restart/counted.ts';
import { RingWriter } from '../../../support/ring-writer.ts';

const RING_BYTES = 65_536;
const FIELDS = LEDGER_ENTRY.size / 8;

let ring: RingWriter;
/** By set: what the kernel has counted as observed. */
let observed: Map<number, number>;
/** What happens while the counts of a set are read. */
let meanwhile: (set: number) => void;

beforeEach(() => {
  [ring, observed] = [new RingWriter(RING_BYTES), new Map()];
  meanwhile = () => undefined;
});

/** As the kernel does it: room, count, complete. */
function record(set: number) {
  const bytes = new Uint8Array(TCP_FLOW.size);
  new DataView(bytes.buffer).setUint32(TCP_FLOW.set, set, true);
  const reserved = ring.reserve(bytes);
  observed.set(set, (observed.get(set) ?? 0) + 1);
  return reserved;
}

/** A ledger entry in which nothing else is counted. */
function sums(records: number): number[] {
  return Array.from({ length: FIELDS }, (_, field) => (field === 0 ? records : 0));
}

function counted(sets: number) {
  const ledger = {
    sumPerCpu(key: Uint8Array, fields: number): number[] {
      expect(fields).toBe(FIELDS);
      const set = new DataView(key.buffer).getUint32(0, true);
      const counts = sums(observed.get(set) ?? 0);
      meanwhile(set);
      return counts;
    },
  };
  const { counts, inRing } = countedSoFar(ledger, new RingReader(ring.pages, { keeps: true }), sets);
  return Array.from({ length: sets }, (_, at) => [counts.get(at + 1)?.[0], inRing.get(at + 1)]);
}

describe('what the kernel has counted', () => {
  it('is told with what of it is in the ring, and leaves it there', () => {
    for (const set of [1, 2, 1, 1]) record(set)?.commit();
    observed.set(2, 5);
    expect(counted(3)).toEqual([
      [3, 3],
      [5, 1],
      [0, 0],
    ]);
    expect(ring.released).toBe(0n);
    expect(counted(1)).toEqual([[3, 3]]);
  });

  it('belongs to one moment, however much comes meanwhile', () => {
    let left = 50;
    meanwhile = (set) => {
      if (left-- > 0) record(left % 3 === 0 ? set : 2)?.commit();
    };
    const both = counted(2);
    // All that was ever counted came into the ring: whatever the moment was, nothing was read for good.
    expect(both.map(([count]) => count)).toEqual(both.map(([, inRing]) => inRing));
    expect(left).toBeLessThan(0);
  });

  it('waits for a record that is being written', () => {
    const reserved = record(1);
    let looks = 0;
    const reader = new RingReader(ring.pages, { keeps: true });
    const backlog = reader.backlogBytes.bind(reader);
    reader.backlogBytes = () => {
      if (++looks === 5) reserved?.commit();
      return backlog();
    };
    expect(countedSoFar({ sumPerCpu: () => sums(1) }, reader, 1).inRing.get(1)).toBe(1);
  });
});

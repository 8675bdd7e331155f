import { beforeEach, describe, expect, it } from 'vitest';
import { type OfferedFlows, Unsettled } from '../../../../src/agent/restart/unsettled.ts';

const RECORD_BYTES = 10;

let unsettled: Unsettled;
let queue: OfferedFlows;
/** What the ring was told, and what was found to be a capture's for good: in their order. */
let told: (number | string)[];
let position: number;

beforeEach(() => {
  [told, position] = [[], 0];
  unsettled = new Unsettled((captures) => told.push(`provisional ${captures.join(' ')}`));
  unsettled.begin((to) => told.push(to));
  queue = unsettled.queue();
});

/** Reads so many records in one turn, each handled so. */
function read(records: number, handle: () => void = () => queue.offered()): void {
  unsettled.turn(
    () => {
      for (let record = 0; record < records; record++) {
        position += RECORD_BYTES;
        handle();
      }
    },
    () => position,
  );
}

function failing(): never {
  throw new Error('EMFILE');
}

describe('the room of a ring', () => {
  it('is given back at once where nothing of what was read waits', () => {
    read(3, () => undefined);
    expect(told).toEqual([30]);
  });

  it('is given back when the last flow of a turn is settled, and not before', () => {
    read(3);
    queue.settled(2, 'oldest');
    expect(told).toEqual([]);
    queue.settled(1, 'oldest');
    expect(told).toEqual([30]);
  });

  it('is given back in the order of the ring, also where a later turn is settled first', () => {
    const slow = unsettled.queue();
    read(1, () => slow.offered());
    read(2);
    queue.settled(2, 'oldest');
    expect(told).toEqual([]);
    slow.settled(1, 'oldest');
    expect(told).toEqual([10, 30]);
  });

  it('waits for every export that was offered the flow', () => {
    const other = unsettled.queue();
    read(1, () => {
      queue.offered();
      other.offered();
    });
    queue.settled(1, 'oldest');
    expect(told).toEqual([]);
    other.settled(1, 'oldest');
    expect(told).toEqual([10]);
  });

  it('is not given back for the newest flow, that found the queue full, in the place of the oldest', () => {
    read(1);
    read(2, () => {
      queue.offered();
      queue.settled(1, 'newest');
    });
    expect(told).toEqual([]);
    queue.settled(1, 'oldest');
    // The second turn had nothing left to wait for, and went with the first.
    expect(told).toEqual([30]);
  });

  it('waits for a record that is held, and for the flow that it becomes', () => {
    const record = {};
    read(1, () => unsettled.hold(record));
    read(1);
    queue.settled(1, 'oldest');
    unsettled.resume(record, () => queue.offered());
    expect(told).toEqual([]);
    queue.settled(1, 'oldest');
    expect(told).toEqual([10, 20]);
  });

  it('is not kept by a record whose handling throws', () => {
    expect(() => read(1, failing)).toThrow('EMFILE');
    const record = {};
    read(1, () => unsettled.hold(record));
    expect(() => unsettled.resume(record, failing)).toThrow('EMFILE');
    expect(told).toEqual([10, 20]);
  });

  it('is given up before a position, with the whole turn that read it', () => {
    read(2);
    read(2);
    read(2);
    unsettled.giveUpBefore(0);
    expect(told).toEqual([]);
    unsettled.giveUpBefore(21);
    expect(told).toEqual([20, 40]);
    // What was given up is settled all the same, in its order.
    queue.settled(4, 'oldest');
    expect(told).toEqual([20, 40]);
    queue.settled(2, 'oldest');
    expect(told).toEqual([20, 40, 60]);
  });

  it('is no more when the ring is gone: nobody is told of what is settled later', () => {
    read(1);
    unsettled.end();
    queue.settled(1, 'oldest');
    read(1);
    queue.settled(1, 'oldest');
    expect(told).toEqual([]);
  });

  it('of turns that left nothing behind does not add up while an export hangs', () => {
    read(1);
    for (let turn = 0; turn < 1000; turn++) read(0);
    queue.settled(1, 'oldest');
    expect(told).toEqual([10]);
  });
});

describe("a record that turned out to be a capture's", () => {
  it('is its for good just before the room is given back: until then it may be read again', () => {
    read(2, () => {
      unsettled.provisional([3, 4]);
      queue.offered();
    });
    expect(told).toEqual([]);
    queue.settled(2, 'oldest');
    expect(told).toEqual(['provisional 3 4', 'provisional 3 4', 20]);
  });

  it('is its at once where the room is given back already', () => {
    const record = {};
    read(1, () => unsettled.hold(record));
    unsettled.giveUpBefore(1);
    unsettled.resume(record, () => unsettled.provisional([5]));
    expect(told).toEqual([10, 'provisional 5']);
  });
});

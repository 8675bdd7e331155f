import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WallClock } from '../../../../src/agent/decode/wall-clock.ts';

const OFFSET = 1_795_291_200_000_000;

describe('a wall clock', () => {
  it('adds the offset to the monotonic time', () => {
    expect(new WallClock(() => OFFSET).wallMicros(42)).toBe(1_795_291_200_000_042);
  });

  it('keeps its offset until it follows, so that one record has one offset', () => {
    let offset = OFFSET;
    const clock = new WallClock(() => offset);
    const start = clock.wallMicros(1_000_000);
    offset -= 3_600_000_000;
    expect(clock.wallMicros(1_000_005) - start).toBe(5);
    clock.follow();
    expect(clock.wallMicros(1_000_000)).toBe(start - 3_600_000_000);
  });

  it('never ends a flow before its start, wherever the clock steps to between drains', () => {
    const step = fc.integer({ min: -(10 ** 12), max: 10 ** 12 });
    const record = fc.tuple(fc.nat({ max: 10 ** 12 }), fc.nat({ max: 10 ** 9 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.array(record, { maxLength: 5 })), { maxLength: 20 }), (drains) => {
        let offset = OFFSET;
        const clock = new WallClock(() => offset);
        for (const [by, records] of drains) {
          offset += by;
          clock.follow();
          for (const [start, duration] of records) {
            expect(clock.wallMicros(start + duration) - clock.wallMicros(start)).toBe(duration);
            expect(clock.wallMicros(start)).toBe(start + offset);
          }
        }
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../../../src/agent/restart/journal.ts';

const LAYOUT = { captureColumns: 5, exportColumns: 3 };
const BYTES = 2 ** 20;
const ROWS = 1024;

function memory(): ArrayBuffer {
  return new ArrayBuffer(BYTES);
}

describe('the text of a journal', () => {
  it('is not there at first', () => {
    expect(new Journal(memory(), LAYOUT).read()).toBeUndefined();
  });

  it('is the one that was written last, also for another process', () => {
    const bytes = memory();
    const journal = new Journal(bytes, LAYOUT);
    for (const text of ['one', 'two — für alle', 'three']) {
      journal.write(text);
      expect(journal.read()).toBe(text);
      expect(new Journal(bytes, LAYOUT).read()).toBe(text);
    }
    new Journal(bytes, LAYOUT).write('four');
    expect(journal.read()).toBe('four');
  });

  it('is the one before where a process was killed while it wrote, wherever that was', () => {
    const before = memory();
    const first = new Journal(before, LAYOUT);
    first.write('the first');
    first.write('the second');
    const after = before.slice(0);
    new Journal(after, LAYOUT).write('the third, and longest');
    const [from, to] = [new Uint8Array(before), new Uint8Array(after)];
    const changed = [...to.keys()].filter((at) => from[at] !== to[at]);
    fc.assert(
      fc.property(fc.subarray(changed), (written) => {
        const torn = from.slice();
        for (const at of written) torn[at] = to[at] ?? 0;
        const isWhole = written.length === changed.length;
        expect(new Journal(torn.buffer, LAYOUT).read()).toBe(isWhole ? 'the third, and longest' : 'the second');
      }),
    );
    expect(new Journal(after, LAYOUT).read()).toBe('the third, and longest');
  });

  it('that is too long leaves none: an older one would be taken for it', () => {
    const bytes = memory();
    const journal = new Journal(bytes, LAYOUT);
    expect(journal.write('short')).toBe(true);
    expect(journal.write('x'.repeat(BYTES / 2))).toBe(false);
    expect(new Journal(bytes, LAYOUT).read()).toBeUndefined();
    expect(journal.write('short again')).toBe(false);
    expect(new Journal(bytes, LAYOUT).read()).toBeUndefined();
  });
});

describe('the rows of a journal', () => {
  it('are found again by their index, with what stands in them, beside the text', () => {
    const bytes = memory();
    const journal = new Journal(bytes, LAYOUT);
    journal.write('text');
    journal.captures.row(7).set([1, 2, 3, 4, 5]);
    journal.exports.row(7).set([6, 7, 8]);
    journal.captures.row(2 ** 31).fill(9);
    const next = new Journal(bytes, LAYOUT);
    expect([...next.captures.row(7)]).toEqual([1, 2, 3, 4, 5]);
    expect([...next.exports.row(7)]).toEqual([6, 7, 8]);
    expect([...next.captures.row(2 ** 31)]).toEqual([9, 9, 9, 9, 9]);
    expect([...next.captures.row(8)]).toEqual([0, 0, 0, 0, 0]);
    expect(next.read()).toBe('text');
  });

  it('are given again once they are forgotten, empty', () => {
    const journal = new Journal(memory(), LAYOUT);
    for (let index = 0; index < ROWS; index++) journal.captures.row(index).fill(index);
    journal.captures.forget(17);
    expect([...journal.captures.row(ROWS)]).toEqual([0, 0, 0, 0, 0]);
    journal.write('all have one');
    expect(journal.read()).toBe('all have one');
  });

  it('that are too many leave the journal without a text: a part would be taken for all', () => {
    const bytes = memory();
    const journal = new Journal(bytes, LAYOUT);
    for (let index = 0; index < ROWS; index++) journal.captures.row(index);
    expect(journal.write('all have one')).toBe(true);
    expect([...journal.captures.row(ROWS)]).toEqual([0, 0, 0, 0, 0]);
    expect(journal.write('one has none')).toBe(false);
    expect(new Journal(bytes, LAYOUT).read()).toBeUndefined();
  });
});

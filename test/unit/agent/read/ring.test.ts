import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RecordHandler, RingReader } from '../../../../src/agent/read/ring.ts';
import { RingWriter } from '../../../support/ring-writer.ts';

const DATA_BYTES = 4096;

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function write(writer: RingWriter, text: string): void {
  const reserved = writer.reserve(bytes(text));
  if (reserved === undefined) throw new Error(`no room for ${text}`);
  reserved.commit();
}

/** Collects the records as text. */
function collector(): { readonly seen: string[]; readonly handle: RecordHandler } {
  const seen: string[] = [];
  const handle: RecordHandler = (view, offset, length) => {
    seen.push(Buffer.from(view.buffer, view.byteOffset + offset, length).toString());
  };
  return { seen, handle };
}

describe('a ring reader', () => {
  it('hands on complete records in the order of their reservation, and gives their room back', () => {
    const writer = new RingWriter(DATA_BYTES);
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    write(writer, 'one');
    write(writer, 'eleven chars');
    expect(reader.backlogBytes()).toBe(16 + 24);
    expect(reader.drain(handle)).toBe(2);
    expect(seen).toEqual(['one', 'eleven chars']);
    expect(reader.backlogBytes()).toBe(0);
    expect(writer.released).toBe(40n);
    expect(reader.drain(handle)).toBe(0);
  });

  it('stops before a record that is still being written, and goes on when it is complete', () => {
    const writer = new RingWriter(DATA_BYTES);
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    write(writer, 'first');
    const busy = writer.reserve(bytes('busy'));
    write(writer, 'last');
    expect(reader.drain(handle)).toBe(1);
    expect(writer.released).toBe(16n);
    busy?.commit();
    expect(reader.drain(handle)).toBe(2);
    expect(seen).toEqual(['first', 'busy', 'last']);
  });

  it('passes over discarded records without counting them', () => {
    const writer = new RingWriter(DATA_BYTES);
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    writer.reserve(bytes('gone'))?.discard();
    write(writer, 'kept');
    writer.reserve(bytes('gone too'))?.discard();
    expect(reader.drain(handle, 1)).toBe(1);
    expect(seen).toEqual(['kept']);
    expect(reader.drain(handle, 1)).toBe(0);
    expect(reader.backlogBytes()).toBe(0);
  });

  it('hands on at most as many as it was told to', () => {
    const writer = new RingWriter(DATA_BYTES);
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    for (const text of ['a', 'b', 'c', 'd', 'e']) write(writer, text);
    expect([reader.drain(handle, 2), reader.drain(handle, 2), reader.drain(handle, 2)]).toEqual([2, 2, 1]);
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(reader.drain(handle, 0)).toBe(0);
  });

  it('reads a record that lies across the end of the ring in one piece', () => {
    const writer = new RingWriter(DATA_BYTES, BigInt(DATA_BYTES - 16));
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    const text = 'across the end of the ring and on from its beginning';
    write(writer, text);
    expect(reader.drain(handle)).toBe(1);
    expect(seen).toEqual([text]);
    expect(writer.released).toBe(BigInt(DATA_BYTES - 16 + 64));
  });

  it('gives room back every 256 records, not only at the end of a drain', () => {
    const writer = new RingWriter(64 * 1024);
    const reader = new RingReader(writer.pages);
    for (let count = 0; count < 600; count++) write(writer, 'x');
    const released: bigint[] = [];
    reader.drain(() => released.push(writer.released));
    expect(released[255]).toBe(0n);
    expect(released[256]).toBe(256n * 16n);
    expect(released[511]).toBe(256n * 16n);
    expect(released[512]).toBe(512n * 16n);
    expect(writer.released).toBe(600n * 16n);
  });

  it.each([
    ['2^31', 2n ** 31n - 8n],
    ['2^32', 2n ** 32n - 8n],
    ['2^40', 2n ** 40n - 8n],
    ['the last position that a number holds exactly', 2n ** 53n - 4096n],
  ])('reads on at positions beyond %s', (_, position) => {
    const writer = new RingWriter(DATA_BYTES, position);
    const reader = new RingReader(writer.pages);
    const { seen, handle } = collector();
    for (const text of ['before', 'across', 'after']) write(writer, text);
    expect(reader.drain(handle)).toBe(3);
    expect(seen).toEqual(['before', 'across', 'after']);
    expect(writer.released).toBe(position + 48n);
  });

  it('takes up where an earlier reader left off', () => {
    const writer = new RingWriter(DATA_BYTES);
    write(writer, 'read already');
    new RingReader(writer.pages).drain(() => undefined);
    write(writer, 'new');
    const { seen, handle } = collector();
    new RingReader(writer.pages).drain(handle);
    expect(seen).toEqual(['new']);
  });
});

describe('whatever comes in', () => {
  const payload = fc.uint8Array({ minLength: 1, maxLength: 700 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('commit' as const), payload }),
    fc.record({ kind: fc.constant('discard' as const), payload }),
    fc.record({ kind: fc.constant('drain' as const), limit: fc.integer({ min: 1, max: 5 }) }),
  );
  const start = fc.integer({ min: 0, max: 2 ** 20 }).map((at) => 2n ** 32n - 2n ** 22n + BigInt(at) * 8n);

  it('comes out, in order, each once, and nothing else', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 60 }), (position, steps) => {
        const writer = new RingWriter(DATA_BYTES, position);
        const reader = new RingReader(writer.pages);
        const { seen, handle } = collector();
        const expected: string[] = [];
        for (const action of steps) {
          if (action.kind === 'drain') {
            reader.drain(handle, action.limit);
            continue;
          }
          const reserved = writer.reserve(action.payload);
          if (reserved === undefined) reader.drain(handle);
          else if (action.kind === 'discard') reserved.discard();
          else {
            reserved.commit();
            expected.push(Buffer.from(action.payload).toString());
          }
        }
        reader.drain(handle);
        expect(seen).toEqual(expected);
        expect(reader.backlogBytes()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

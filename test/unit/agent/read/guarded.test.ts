import { describe, expect, it } from 'vitest';
import { Guard } from '../../../../src/agent/read/guarded.ts';
import { type RecordHandler, RingReader } from '../../../../src/agent/read/ring.ts';
import { RingWriter } from '../../../support/ring-writer.ts';

describe('a record that cannot be handled', () => {
  it('is counted, told the first time, and passed over: the others are handled', () => {
    const writer = new RingWriter(4096);
    for (const byte of [1, 2, 3, 4, 5]) writer.reserve(Uint8Array.of(byte))?.commit();
    const handled: number[] = [];
    const told: unknown[] = [];
    const guard = new Guard((error) => told.push(error));
    const handle: RecordHandler = guard.around((view, offset) => {
      const byte = view.getUint8(offset);
      if (byte % 2 === 0) throw new Error(`EMFILE at ${byte}`);
      handled.push(byte);
    });
    expect(new RingReader(writer.pages).drain(handle)).toBe(5);
    expect(handled).toEqual([1, 3, 5]);
    expect(guard.faulty).toBe(2);
    expect(told).toEqual([new Error('EMFILE at 2')]);
  });
});

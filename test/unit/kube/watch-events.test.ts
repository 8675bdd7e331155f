import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError, TransportError } from '../../../src/kube/api-error.ts';
import { watchEvents } from '../../../src/kube/watch-events.ts';

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    if (at >= bytes.length) return;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let pieces = 0; pieces < 17; pieces += 1) yield new Uint8Array(2 ** 20).fill(97);
}

async function read(text: string, sizes: readonly number[] = []): Promise<unknown[]> {
  const events = [];
  for await (const event of watchEvents(chunksOf(Buffer.from(text), sizes))) events.push(event);
  return events;
}

const event = (name: string, type = 'ADDED') => ({ type, object: { metadata: { name } } });
const lines = (...events: readonly object[]) => events.map((one) => `${JSON.stringify(one)}\n`).join('');

describe('events of a watch', () => {
  test('are the same wherever the network cuts the bytes, inside of a character too', async () => {
    const events = [event('a'), event('grün-日本-🚰', 'MODIFIED'), event('', 'DELETED'), event('z', 'BOOKMARK')];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200 }), async (sizes) => {
        expect(await read(lines(...events), sizes)).toEqual(events);
      }),
    );
    expect(
      await read(
        lines(...events),
        Array.from({ length: 1000 }, () => 1),
      ),
    ).toEqual(events);
  });

  test('empty lines are none, and a last line that was cut off is none either', async () => {
    expect(await read(`\n\n${lines(event('a'))}\n{"type":"ADD`)).toEqual([event('a')]);
  });

  test('an ERROR event is thrown as what the server says', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    const error: unknown = await read(lines(event('a'), { type: 'ERROR', object: status })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'watch: too old resource version',
    });
  });

  test.each([
    'nonsense',
    '{"type":"ADDED"}',
    '{"type":"OTHER","object":{"metadata":{}}}',
    '{"type":"ADDED","object":{}}',
    'null',
  ])('the line %s is no event', async (line) => {
    await expect(read(`${line}\n`)).rejects.toThrow(TransportError);
  });

  test('a line without an end is given up at 16 MiB', async () => {
    const events = watchEvents(endless());
    await expect(events.next()).rejects.toThrow(/larger than/);
  });
});

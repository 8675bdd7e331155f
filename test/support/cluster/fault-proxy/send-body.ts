import type { ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';

/**
 * Writes a body and does not end it; rejects after `cutAfter` bytes, which are on their way then. A piece is handed to the
 * kernel before the next one is looked at, so that the client reads them one by one.
 */
export async function sendBody(
  response: ServerResponse,
  body: AsyncIterable<Buffer>,
  faults: Faults,
  cutAfter = Number.POSITIVE_INFINITY,
): Promise<void> {
  let left = cutAfter;
  for await (const chunk of body) {
    const kept = chunk.subarray(0, left);
    for (const piece of piecesOf(kept, faults.pieces)) await write(response, piece);
    left -= kept.length;
    if (left === 0) throw new Error('cut by a fault');
  }
}

function* piecesOf(chunk: Buffer, sizes: readonly number[]): Generator<Buffer> {
  let begin = 0;
  for (let turn = 0; begin < chunk.length; turn++) {
    const end = begin + (sizes[turn % sizes.length] ?? chunk.length);
    yield chunk.subarray(begin, end);
    begin = end;
  }
}

function write(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

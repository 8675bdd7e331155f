import { EXPIRED_EVENT } from './answer.ts';
import type { ProxiedRequest } from './faults.ts';
import type { Valve } from './valve.ts';

/** A watch that is under way. */
export class OpenWatch {
  readonly request: ProxiedRequest;
  readonly #expired = Promise.withResolvers<'expired'>();

  constructor(request: ProxiedRequest) {
    this.request = request;
  }

  get expired(): Promise<'expired'> {
    return this.#expired.promise;
  }

  expire(): void {
    this.#expired.resolve('expired');
  }
}

/**
 * The events of a watch as they are passed on, each a line of its own and whole. When the watch is made to expire, the error is
 * its last event. While the valve is closed nothing is passed on.
 */
export async function* watchBody(body: AsyncIterable<Buffer>, watch: OpenWatch, valve: Valve): AsyncGenerator<Buffer> {
  const lines = linesOf(body);
  for (;;) {
    const next = lines.next();
    // Given up when the watch expires first: the response that it waits for is destroyed afterwards.
    next.catch(() => undefined);
    const line = await Promise.race([next, watch.expired]);
    await valve.passed();
    if (line === 'expired') {
      yield EXPIRED_EVENT;
      return;
    }
    if (line.done === true) return;
    yield line.value;
  }
}

/** Each line with its end. What follows the last one is dropped: an event that is not whole is none. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      yield rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
    }
  }
}

import { apiErrorFromStatus, TransportError } from './api-error.ts';
import type { KubeObject } from './object.ts';

/** What a watch tells. A BOOKMARK has no object but a resourceVersion to go on from. */
export interface WatchEvent<Kind extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: Kind;
}

/** An object in etcd has 1.5 MiB at most; as JSON of a watch it can be some times that. */
const MAX_LINE_BYTES = 16 * 2 ** 20;
const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);
const LINE_END = 10;

/**
 * One event a line, wherever the network has cut the bytes.
 *
 * @throws ApiError for an ERROR event, TransportError for a line that is no event.
 */
export async function* watchEvents<Kind extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<Kind>> {
  // Bytes, not text: a cut can be inside of a character.
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, begin)) {
      const line = Buffer.concat([...parts, chunk.subarray(begin, end)]);
      begin = end + 1;
      parts = [];
      length = 0;
      if (line.length > 0) yield eventOf(line.toString('utf8'));
    }
    const rest = chunk.subarray(begin);
    length += rest.length;
    if (length > MAX_LINE_BYTES)
      throw new TransportError(`an event of the watch is larger than ${MAX_LINE_BYTES} bytes`);
    if (rest.length > 0) parts.push(rest);
  }
  // A last line without an end was cut off: the watch goes on from the event before it.
}

function eventOf<Kind extends KubeObject>(line: string): WatchEvent<Kind> {
  let event: { readonly type?: unknown; readonly object?: unknown } | null;
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new TransportError('a line of the watch is no JSON', { cause });
  }
  if (event?.type === 'ERROR') throw apiErrorFromStatus(event.object, undefined, 'watch');
  if (!isWatchEvent<Kind>(event)) throw new TransportError('a line of the watch is no event');
  return event;
}

function isWatchEvent<Kind extends KubeObject>(
  event: { readonly type?: unknown; readonly object?: unknown } | null,
): event is WatchEvent<Kind> {
  if (event === null || !TYPES.has(event.type) || typeof event.object !== 'object' || event.object === null)
    return false;
  return 'metadata' in event.object && typeof event.object.metadata === 'object' && event.object.metadata !== null;
}

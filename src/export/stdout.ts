import type { Writable } from 'node:stream';
import { WeirError } from '../lib/errors.ts';
import { CATALOGUE } from '../record/catalogue.ts';
import type { Field } from '../record/field.ts';
import type { Flow } from '../record/flow.ts';
import { ndjsonEncoder } from './encode/ndjson.ts';
import { tableEncoder } from './encode/table.ts';
import type { Sink } from './sink.ts';

/** `width`: columns of the terminal. `headerEvery`: rows after which the header comes again; undefined: never. */
export type StdoutOptions =
  | { readonly format: 'json'; readonly fields?: readonly Field[] }
  | {
      readonly format: 'table' | 'wide';
      readonly width: number;
      readonly headerEvery: number | undefined;
      readonly colour: boolean;
    };

/** What a write says when the other end is gone, now or since an earlier write. */
const CLOSED = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

/** Streams that have their listener: many sinks may share one. */
const heard = new WeakSet<Writable>();

/**
 * A sink that writes to a stream which it does not own: it is never ended. A batch is delivered when the stream has
 * passed it on, so a slow reader holds the next batch back. It rejects with OutputClosed when nobody reads any more.
 */
export function stdoutSink(stream: Writable, options: StdoutOptions): Sink {
  const encode = encoder(options);
  hearErrors(stream);
  return {
    write(batch) {
      return new Promise((resolve, reject) => {
        stream.write(encode(batch), (error) => {
          if (error) reject(outputError(error));
          else resolve();
        });
      });
    },
    async close() {},
  };
}

/** A stream with an error and no listener ends the process; the write that failed is told anyway. */
function hearErrors(stream: Writable): void {
  if (heard.has(stream)) return;
  heard.add(stream);
  stream.on('error', () => undefined);
}

function encoder(options: StdoutOptions): (batch: readonly Flow[]) => string | Buffer {
  if (options.format !== 'json') return tableEncoder({ ...options, wide: options.format === 'wide' });
  const encode = ndjsonEncoder(options.fields ?? CATALOGUE);
  // A stream may hold what it was given; the encoder writes its next batch to the same memory.
  return (batch) => Buffer.from(encode(batch));
}

function outputError(error: NodeJS.ErrnoException): WeirError {
  return error.code !== undefined && CLOSED.has(error.code)
    ? new WeirError('OutputClosed', 'nobody reads the output any more', { cause: error })
    : new WeirError('SinkFailed', `the output cannot be written: ${error.message}`, { cause: error });
}

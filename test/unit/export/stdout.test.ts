import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { stdoutSink } from '../../../src/export/stdout.ts';
import { selectFields } from '../../../src/record/catalogue.ts';
import { settle } from '../../support/manual-timers.ts';
import { flow } from './flows.ts';

const table = { format: 'table', width: 80, headerEvery: undefined, colour: false } as const;

describe('formats', () => {
  test('json is a line of NDJSON for each flow, and what the stream holds is not overwritten', async () => {
    const stream = new PassThrough();
    const sink = stdoutSink(stream, { format: 'json', fields: selectFields(['flow.sequence']) });
    await sink.write([flow({ sequence: 1 }), flow({ sequence: 2 })]);
    await sink.write([flow({ sequence: 3 })]);
    expect(stream.read().toString()).toBe('{"flow.sequence":1}\n{"flow.sequence":2}\n{"flow.sequence":3}\n');
  });

  test('a table has one header for all batches', async () => {
    const stream = new PassThrough();
    const sink = stdoutSink(stream, table);
    await sink.write([flow()]);
    await sink.write([flow()]);
    expect(
      stream
        .read()
        .toString()
        .split('\n')
        .map((line: string) => line.slice(0, 8)),
    ).toEqual(['TIME UTC', '20:00:00', '20:00:00', '']);
  });

  test('wide has the addresses', async () => {
    const stream = new PassThrough();
    await stdoutSink(stream, { ...table, format: 'wide' }).write([flow()]);
    expect(stream.read().toString()).toContain('198.18.0.1:43210');
  });
});

test('a batch is delivered only when the stream has passed it on', async () => {
  const passes: (() => void)[] = [];
  const slow = new Writable({
    write(_chunk, _encoding, callback) {
      passes.push(callback);
    },
  });
  let delivered = false;
  const written = stdoutSink(slow, table)
    .write([flow()])
    .then(() => {
      delivered = true;
      return delivered;
    });
  await settle();
  expect(delivered).toBe(false);
  for (const pass of passes) pass();
  expect(await written).toBe(true);
});

test('many sinks of one stream hear its errors with one listener', () => {
  const stream = new PassThrough();
  for (let count = 0; count < 12; count++) stdoutSink(stream, table);
  expect(stream.listenerCount('error')).toBe(1);
  expect(() => stream.emit('error', new Error('EPIPE'))).not.toThrow();
});

describe('a reader that goes away', () => {
  test('ends the output with OutputClosed, now and later, and exit status 0', async () => {
    const reader = spawn('true', { stdio: ['pipe', 'ignore', 'ignore'] });
    const sink = stdoutSink(reader.stdin, { format: 'json' });
    await once(reader, 'close');
    const closed = { code: 'OutputClosed', exitStatus: 0, retryable: false };
    await expect(sink.write([flow()])).rejects.toMatchObject(closed);
    await expect(sink.write([flow()])).rejects.toMatchObject(closed);
    await sink.close();
  });

  test('any other error says what happened', async () => {
    const broken = new Writable({
      write(_chunk, _encoding, callback) {
        callback(new Error('input/output error'));
      },
    });
    await expect(stdoutSink(broken, table).write([flow()])).rejects.toMatchObject({
      code: 'SinkFailed',
      message: 'the output cannot be written: input/output error',
    });
  });
});

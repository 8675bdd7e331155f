import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Exporter, type ExporterOptions } from '../../../src/export/exporter.ts';
import type { Outcome } from '../../../src/export/outcome.ts';
import type { Sink } from '../../../src/export/sink.ts';
import { WeirError } from '../../../src/lib/errors.ts';
import type { Flow } from '../../../src/record/flow.ts';
import { ManualTimers, settle } from '../../support/manual-timers.ts';
import { flow } from './flows.ts';

/** A sink whose writes end when the test says so. */
class ManualSink implements Sink {
  readonly batches: number[][] = [];
  /** Where the exporter broke the promise of Sink. */
  readonly faults: string[] = [];
  closes = 0;
  #pending: { resolve: () => void; reject: (error: Error) => void } | undefined;

  write(batch: readonly Flow[]): Promise<void> {
    if (this.#pending !== undefined || this.closes > 0) this.faults.push('write out of turn');
    this.batches.push(batch.map((record) => record.sequence));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
    });
  }

  async close(): Promise<void> {
    if (this.#pending !== undefined) this.faults.push('close during a write');
    this.closes += 1;
  }

  get busy(): boolean {
    return this.#pending !== undefined;
  }

  async deliver(): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(error);
    await settle();
  }
}

const retryable = new WeirError('SinkFailed', 'no space');
const final = new WeirError('OutputClosed', 'nobody reads');

function setUp(options: Partial<ExporterOptions> = {}) {
  const sink = new ManualSink();
  const timers = new ManualTimers();
  const outcomes: [number, Outcome][] = [];
  const failures: string[] = [];
  const exporter = new Exporter(
    sink,
    { maxQueued: 4, maxRecords: 2, maxMillis: 100, retryMillis: 50, onFull: 'DropOldest', ...options },
    {
      settled: (flows, outcome) =>
        outcomes.push(...flows.map((record): [number, Outcome] => [record.sequence, outcome])),
      failed: (error) => failures.push(error.code),
    },
    timers,
  );
  const offer = (...sequences: number[]) => {
    for (const sequence of sequences) exporter.offer(flow({ sequence }));
  };
  return { sink, timers, outcomes, failures, exporter, offer };
}

describe('batches', () => {
  test('a full one is written at once', () => {
    const { sink, offer } = setUp();
    offer(1, 2);
    expect(sink.batches).toEqual([[1, 2]]);
  });

  test('one that is not full is written when its time is over', async () => {
    const { sink, timers, outcomes, offer } = setUp();
    offer(1);
    await timers.pass(99);
    expect(sink.batches).toEqual([]);
    await timers.pass(1);
    expect(sink.batches).toEqual([[1]]);
    await sink.deliver();
    expect(outcomes).toEqual([[1, 'delivered']]);
  });

  test('what comes during a write follows it, and the rest when its time is over', async () => {
    const { sink, timers, offer } = setUp();
    offer(1, 2, 3, 4, 5);
    await sink.deliver();
    expect(sink.batches).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await sink.deliver();
    expect(sink.busy).toBe(false);
    await timers.pass(100);
    expect(sink.batches).toEqual([[1, 2], [3, 4], [5]]);
  });

  test('no timer is left armed when nothing waits', async () => {
    const { sink, timers, offer } = setUp();
    offer(1, 2);
    await sink.deliver();
    expect(timers.armed).toBe(0);
  });
});

describe('a full queue', () => {
  test('gives up the oldest', () => {
    const { outcomes, exporter, offer } = setUp();
    offer(1, 2, 3, 4, 5, 6, 7, 8);
    expect(outcomes).toEqual([
      [3, 'queueFull'],
      [4, 'queueFull'],
    ]);
    expect(exporter.backlog).toBe(6);
  });

  test('gives up the newest where that is asked for', () => {
    const { outcomes, offer } = setUp({ onFull: 'DropNewest' });
    offer(1, 2, 3, 4, 5, 6, 7, 8);
    expect(outcomes).toEqual([
      [7, 'queueFull'],
      [8, 'queueFull'],
    ]);
  });
});

describe('a sink that fails', () => {
  test('gets the batch once more after a pause', async () => {
    const { sink, timers, outcomes, failures, offer } = setUp();
    offer(1, 2);
    await sink.fail(retryable);
    await timers.pass(49);
    expect(sink.batches).toEqual([[1, 2]]);
    await timers.pass(1);
    await sink.deliver();
    expect(sink.batches).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(outcomes).toEqual([
      [1, 'delivered'],
      [2, 'delivered'],
    ]);
    expect(failures).toEqual([]);
  });

  test('twice loses that batch, and only that', async () => {
    const { sink, timers, outcomes, failures, offer } = setUp();
    offer(1, 2, 3, 4);
    await sink.fail(retryable);
    await timers.pass(50);
    await sink.fail(retryable);
    await sink.deliver();
    expect(outcomes).toEqual([
      [1, 'sinkFailed'],
      [2, 'sinkFailed'],
      [3, 'delivered'],
      [4, 'delivered'],
    ]);
    expect(failures).toEqual(['SinkFailed']);
  });

  test('for good is not asked again', async () => {
    const { sink, timers, outcomes, failures, offer } = setUp();
    offer(1, 2);
    await sink.fail(final);
    await timers.pass(1000);
    expect(sink.batches).toEqual([[1, 2]]);
    expect(outcomes).toEqual([
      [1, 'sinkFailed'],
      [2, 'sinkFailed'],
    ]);
    expect(failures).toEqual(['OutputClosed']);
  });

  test('with an error of its own making is a fault of Weir, and lost', async () => {
    const { sink, failures, offer } = setUp();
    offer(1, 2);
    await sink.fail(new TypeError('x is undefined'));
    expect(failures).toEqual(['Internal']);
  });
});

describe('drain', () => {
  test('writes what waits without waiting for more, closes the sink, and resolves', async () => {
    const { sink, outcomes, exporter, offer } = setUp();
    offer(1, 2, 3);
    const drained = exporter.drain(1000);
    await sink.deliver();
    await sink.deliver();
    await drained;
    expect(sink.batches).toEqual([[1, 2], [3]]);
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(sink.closes).toBe(1);
  });

  test('of an exporter with nothing to write closes the sink, once for several calls', async () => {
    const { sink, timers, exporter } = setUp();
    await Promise.all([exporter.drain(1000), exporter.drain(1000)]);
    expect(sink.closes).toBe(1);
    expect(timers.armed).toBe(0);
  });

  test('ends at its deadline: what is left is lost, and a late delivery does not count twice', async () => {
    const { sink, timers, outcomes, exporter, offer } = setUp();
    offer(1, 2, 3);
    const drained = exporter.drain(1000);
    await timers.pass(1000);
    await drained;
    const lost = [3, 1, 2].map((sequence) => [sequence, 'drainTimeout']);
    expect(outcomes).toEqual(lost);
    expect(sink.closes).toBe(0);
    await sink.deliver();
    expect(outcomes).toEqual(lost);
    expect(sink.closes).toBe(1);
  });

  test('at its deadline ends the retries too', async () => {
    const { sink, timers, outcomes, exporter, offer } = setUp({ retryMillis: 5000 });
    offer(1, 2);
    await sink.fail(retryable);
    const drained = exporter.drain(1000);
    await timers.pass(1000);
    await drained;
    await timers.pass(5000);
    expect(sink.batches).toEqual([[1, 2]]);
    expect(outcomes).toEqual([
      [1, 'drainTimeout'],
      [2, 'drainTimeout'],
    ]);
    expect(sink.closes).toBe(1);
  });

  test('loses what is offered after it', async () => {
    const { outcomes, exporter, offer } = setUp();
    await exporter.drain(1000);
    offer(9);
    expect(outcomes).toEqual([[9, 'drainTimeout']]);
  });
});

test('a sink that hangs holds up nobody else', async () => {
  const slow = setUp();
  const quick = setUp();
  for (let sequence = 0; sequence < 20; sequence += 1) {
    slow.offer(sequence);
    quick.offer(sequence);
    await quick.sink.deliver();
  }
  expect(slow.sink.batches).toEqual([[0, 1]]);
  expect(quick.outcomes.map(([, outcome]) => outcome)).toEqual(Array.from({ length: 20 }, () => 'delivered'));
});

test('every flow settles exactly once, whatever the sink does and in whatever order', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('offer' as const) },
    { weight: 2, arbitrary: fc.constant('deliver' as const) },
    fc.constantFrom('retryable' as const, 'final' as const),
    fc.integer({ min: 1, max: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom('DropOldest' as const, 'DropNewest' as const),
      fc.constantFrom(0, 10),
      async (steps, onFull, patience) => {
        const { sink, timers, outcomes, exporter, offer } = setUp({ onFull });
        let offered = 0;
        for (const what of steps) {
          if (what === 'offer') offer(offered++);
          else if (what === 'deliver') await sink.deliver();
          else if (typeof what === 'number') await timers.pass(what);
          else await sink.fail(what === 'final' ? final : retryable);
        }
        const drained = exporter.drain(1000);
        for (let turn = 0; turn < patience; turn += 1) {
          await sink.deliver();
          await timers.pass(50);
        }
        await timers.pass(1000);
        await drained;
        await sink.deliver();
        await timers.pass(50);
        expect(outcomes.map(([sequence]) => sequence).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: offered }, (_, sequence) => sequence),
        );
        expect(sink.closes).toBe(1);
        expect(exporter.backlog).toBe(0);
        expect(sink.faults).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

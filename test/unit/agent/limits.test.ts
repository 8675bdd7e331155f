import { expect, it } from 'vitest';
import { TCP_FLOW } from '../../../src/agent/decode/layout.generated.ts';
import { EXPORTER_OPTIONS, withDefaults } from '../../../src/agent/limits.ts';
import { DrainLoop } from '../../../src/agent/read/drain-loop.ts';
import { RingReader } from '../../../src/agent/read/ring.ts';
import { Exporter } from '../../../src/export/exporter.ts';
import type { Outcome } from '../../../src/export/outcome.ts';
import { systemTimers } from '../../../src/lib/timers.ts';
import { RingWriter } from '../../support/ring-writer.ts';
import { flow } from '../export/flows.ts';

it('a full ring is drained without a loss, while its sink has to wait for every batch', async () => {
  const writer = new RingWriter(withDefaults().ringBytes);
  const record = new Uint8Array(TCP_FLOW.size);
  let records = 0;
  for (let reserved = writer.reserve(record); reserved !== undefined; reserved = writer.reserve(record)) {
    reserved.commit();
    records++;
  }
  expect(records).toBeGreaterThan(30_000);
  const batches: number[] = [];
  const sink = {
    async write(batch: readonly unknown[]) {
      await new Promise(setImmediate);
      batches.push(batch.length);
    },
    close: async () => undefined,
  };
  const settled = new Map<Outcome, number>();
  const exporter = new Exporter(
    sink,
    EXPORTER_OPTIONS,
    {
      settled: (flows, outcome) => void settled.set(outcome, (settled.get(outcome) ?? 0) + flows.length),
      failed: (error) => expect.unreachable(error.message),
    },
    systemTimers,
  );
  const reader = new RingReader(writer.pages);
  const one = flow();
  const ring = {
    bytes: writer.pages.dataBytes,
    backlogBytes: () => reader.backlogBytes(),
    wait: async () => undefined,
    drain: (limit: number) => reader.drain(() => exporter.offer(one), limit),
  };
  const loop = new DrainLoop(ring, (error) => expect.unreachable(String(error)));
  await loop.stop();
  // It was written meanwhile, not only after the last turn.
  expect(batches.length).toBeGreaterThan(10);
  await exporter.drain(5_000);
  expect(settled).toEqual(new Map([['delivered', records]]));
  expect(Math.max(...batches)).toBe(256);
});

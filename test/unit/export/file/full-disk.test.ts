import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Exporter } from '../../../../src/export/exporter.ts';
import type { Outcome } from '../../../../src/export/outcome.ts';
import type { Flow } from '../../../../src/record/flow.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { flow } from '../flows.ts';
import { IS_ROOT, lines, names, numbered, SmallDisk, sequences, Writer } from './writer.ts';

const KIBIBYTE = 1024;

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-full-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Flows whose lines have some 250 bytes. */
function long(first: number, count: number): Flow[] {
  return Array.from({ length: count }, (_, index) =>
    flow({ sequence: first + index, process: { pid: 1, executableName: 'x'.repeat(200) } }),
  );
}

describe.skipIf(!IS_ROOT)(`a full disk${IS_ROOT ? '' : ' (skipped: only root can mount one)'}`, () => {
  test('fails the batch, leaves no torn line and nothing of the batch, and takes the next when there is room', async () => {
    using disk = new SmallDisk(directory, 64 * KIBIBYTE);
    const path = join(disk.path, 'flows.ndjson');
    const sink = await new Writer(path).open();
    await sink.write(long(0, 100));
    const before = readFileSync(path, 'utf8');
    const failed = sink.write(long(100, 400));
    await expect(failed).rejects.toMatchObject({ code: 'SinkFailed', retryable: true });
    await expect(failed).rejects.toThrow('no space left on device');
    expect(readFileSync(path, 'utf8')).toBe(before);
    await sink.write(numbered(7));
    await sink.close();
    expect(readFileSync(path, 'utf8')).toBe(before + lines(7));
  });

  test('over several renamings: delivered and lost are what was offered, and what was delivered is there once', async () => {
    using disk = new SmallDisk(directory, 256 * KIBIBYTE);
    const writer = new Writer(join(disk.path, 'flows.ndjson'));
    const sink = await writer.open({ maxBytes: 40 * KIBIBYTE, maxFiles: 50 });
    const outcomes = new Map<Outcome, number[]>();
    const failures: string[] = [];
    const timers = new ManualTimers();
    const options = {
      maxQueued: 4096,
      maxRecords: 32,
      maxMillis: 100,
      retryMillis: 500,
      onFull: 'DropNewest',
    } as const;
    const settled = (flows: readonly Flow[], outcome: Outcome): void => {
      outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), ...flows.map(({ sequence }) => sequence)]);
    };
    const failed = ({ message }: Error) => void failures.push(message);
    const exporter = new Exporter(sink, options, { settled, failed }, timers);
    const counted = () => [...outcomes.values()].flat().length;
    const offer = async (first: number, count: number): Promise<void> => {
      for (const one of long(first, count)) exporter.offer(one);
      await vi.waitUntil(
        async () => {
          await timers.pass(500);
          return counted() === first + count;
        },
        { timeout: 30_000, interval: 1 },
      );
    };

    await offer(0, 1511);
    const lost = outcomes.get('sinkFailed') ?? [];
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(failures.map((text) => text.replace(/".*"/, 'FILE')))).toEqual(
      new Set(['cannot write to FILE: ENOSPC: no space left on device, write']),
    );
    const renamed = names(disk.path).length - 1;
    expect(renamed).toBeGreaterThan(3);
    // Somebody makes room; from then on all is well by itself.
    const [, oldest = ''] = names(disk.path);
    const gone = sequencesOf(join(disk.path, oldest));
    unlinkSync(join(disk.path, oldest));
    const lostBefore = lost.length;
    await offer(1511, 101);
    expect(outcomes.get('sinkFailed')).toHaveLength(lostBefore);

    await exporter.drain(5000);
    const delivered = outcomes.get('delivered') ?? [];
    expect(delivered.length + lostBefore).toBe(1511 + 101);
    expect([...outcomes.keys()].toSorted()).toEqual(['delivered', 'sinkFailed']);
    expect([...gone, ...sequences(disk.path)].toSorted((a, b) => a - b)).toEqual(delivered);
    for (const name of names(disk.path)) {
      expect(statSync(join(disk.path, name)).size).toBeLessThanOrEqual(40 * KIBIBYTE);
    }
    expect(writer.troubles).toEqual([]);
  });

  test('does not stop renaming: with maxFiles small enough the oldest goes, and what is newest is delivered', async () => {
    using disk = new SmallDisk(directory, 128 * KIBIBYTE);
    const writer = new Writer(join(disk.path, 'flows.ndjson'));
    const sink = await writer.open({ maxBytes: 16 * KIBIBYTE, maxFiles: 2 });
    appendFileSync(join(disk.path, 'ballast'), Buffer.alloc(60 * KIBIBYTE));
    for (let batch = 0; batch < 101; batch += 1) await sink.write(long(batch * 32, 32));
    await sink.close();
    const found = sequences(disk.path);
    expect(found).toEqual(Array.from({ length: found.length }, (_, index) => 101 * 32 - found.length + index));
    expect(names(disk.path)).toHaveLength(4);
    expect(writer.troubles).toEqual([]);
  });
});

function sequencesOf(path: string): number[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): number => JSON.parse(line)['flow.sequence']);
}

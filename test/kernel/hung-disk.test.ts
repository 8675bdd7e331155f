import { type ChildProcess, spawn } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DRAIN_MILLIS } from '../../src/agent/limits.ts';
import { Exporter } from '../../src/export/exporter.ts';
import { openFileSink } from '../../src/export/file/sink.ts';
import type { Outcome } from '../../src/export/outcome.ts';
import { monotonicMillis, systemTimers } from '../../src/lib/timers.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { FreezableDisk } from '../support/freezable-disk.ts';
import type { Pod } from '../support/lab/pod.ts';
import { Scene } from '../support/scene.ts';
import { flow } from '../unit/export/flows.ts';

const WEIR = 'bin/weir';

function manifest(kind: string, name: string, spec: object): object {
  return { apiVersion: 'weir.dev/v1alpha1', kind, metadata: { name, namespace: 'lab' }, spec };
}

/** Whoever writes to a frozen file system hangs in the kernel, as with a disk or a server of files that does not answer. */
describe.runIf(mayCapture)(`a disk that hangs${whySkipped}`, () => {
  let disk: FreezableDisk;
  let directory: string;
  beforeEach(async () => {
    disk = await FreezableDisk.make();
    directory = mkdtempSync(join(tmpdir(), 'weir-hung-'));
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await disk[Symbol.asyncDispose]();
  });

  function well(): string {
    return join(directory, 'flows.ndjson');
  }

  /** Returns the path of a file with these objects. */
  function write(name: string, items: readonly object[]): string {
    writeFileSync(join(directory, name), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    return join(directory, name);
  }

  it('holds up nothing but its own exports, however many, and their drain is bounded', async () => {
    const counts = new Map<string, Record<string, number>>();
    const exporterTo = async (path: string): Promise<Exporter> => {
      const sink = await openFileSink({
        path,
        fields: undefined,
        rotation: { maxBytes: 4096, maxAgeMillis: undefined, maxFiles: 2, compress: true },
        timers: systemTimers,
        now: Date.now,
        monotonic: monotonicMillis,
        troubled: () => undefined,
      });
      const count: Record<string, number> = {};
      counts.set(path, count);
      const settled = (flows: readonly unknown[], outcome: Outcome): void => {
        count[outcome] = (count[outcome] ?? 0) + flows.length;
      };
      const options = { maxQueued: 53, maxRecords: 11, maxMillis: 10, retryMillis: 10, onFull: 'DropNewest' } as const;
      return new Exporter(sink, options, { settled, failed: () => undefined }, systemTimers);
    };
    // One more than Node has threads.
    const hung = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => {
        mkdirSync(join(disk.path, name));
        return exporterTo(join(disk.path, name, 'flows.ndjson'));
      }),
    );
    const other = await exporterTo(well());
    await disk.freeze();
    // As after a change of the plan: it cannot even be opened.
    const late = exporterTo(join(disk.path, 'a', 'late.ndjson'));
    try {
      for (let sequence = 0; sequence < 101; sequence += 1) {
        for (const exporter of hung) exporter.offer(flow({ sequence }));
      }
      for (let sequence = 0; sequence < 47; sequence += 1) other.offer(flow({ sequence }));
      await vi.waitUntil(() => counts.get(well())?.['delivered'] === 47, { timeout: 30_000 });
      expect((await lookup('localhost')).family).toBeGreaterThan(0);
      expect(await readFile(well(), 'utf8')).not.toBe('');
      await Promise.all(hung.map((exporter) => exporter.drain(200)));
      // A batch that hangs beside a full queue; the others are lost at once.
      const lost = { queueFull: 101 - 53 - 11, drainTimeout: 53 + 11 };
      for (const [path, count] of counts) expect(count).toEqual(path === well() ? { delivered: 47 } : lost);
    } finally {
      await disk.thaw();
      await Promise.all([other, await late].map((exporter) => exporter.drain(DRAIN_MILLIS)));
    }
  });

  describe('does not keep weir capture', () => {
    let scene: Scene;
    let weir: ChildProcess;
    let exited: Promise<unknown[]>;
    let said: string;

    /** Two captures of the same pods, with an export to either disk, which have 46 flows by now; one disk hangs. */
    beforeEach(async () => {
      scene = await Scene.create('hung');
      const items = [
        manifest('FlowCapture', 'hung', { exports: [{ name: 'hung' }] }),
        manifest('FlowCapture', 'well', { exports: [{ name: 'well' }] }),
        manifest('FlowExport', 'hung', { file: { path: join(disk.path, 'flows.ndjson') } }),
        manifest('FlowExport', 'well', { file: { path: well() } }),
      ];
      const pods = [scene.client, scene.server].map(podObject);
      const flags = ['-f', write('captures.json', items), '--inventory', write('pods.json', pods)];
      const { stderr, ...started } = spawnWeir(flags);
      ({ weir, exited } = started);
      said = '';
      stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await vi.waitUntil(() => said.includes('weir: capturing'), { timeout: 20_000 });
      await disk.freeze();
      const listener = await scene.acceptor.listen(scene.server.ipv4, { backlog: 64 });
      const served = listener.serve({ connections: 23, receive: 31, send: 1009 });
      await Promise.all([served, scene.dialler.burst(listener, { connections: 23, send: 31, receive: 1009 })]);
      await listener.close();
      await vi.waitUntil(() => readFileSync(well(), 'utf8').split('\n').length === 46 + 1, { timeout: 30_000 });
    });
    afterEach(async () => {
      weir.kill('SIGKILL');
      await exited;
      await scene[Symbol.asyncDispose]();
    });

    it('from its end: the ledger counts what the disk took, and other exports have all', async () => {
      try {
        weir.kill('SIGINT');
        await vi.waitUntil(() => said.includes('a disk does not answer'), { timeout: 20_000 });
        expect(said).toMatch(/^lab\/hung +46 +0 +0 +0 +46$/m);
        expect(said).toContain('lost: drainTimeout 46');
        expect(said).toMatch(/^lab\/well +46 +46 +0 +0 +0$/m);
        expect(said).toContain('balanced: observed = exported + filtered + sampled out + lost, for every capture');
      } finally {
        await disk.thaw();
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
    });

    it('at a second Ctrl-C, which ends all of it but what the kernel holds', async () => {
      try {
        weir.kill('SIGINT');
        await vi.waitUntil(() => said.includes('Ctrl-C again ends at once'), { timeout: 30_000 });
        weir.kill('SIGINT');
        const status = () => readFileSync(`/proc/${weir.pid}/status`, 'utf8');
        await vi.waitUntil(() => status().includes('State:\tZ'), { timeout: 20_000 });
        expect(said).not.toContain('a disk does not answer');
      } finally {
        await disk.thaw();
      }
      expect(await exited).toEqual([null, 'SIGKILL']);
    });
  });
});

function podObject({ name, uid, podCgroup, ipv4, ipv6 }: Pod): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'lab', uid, annotations: { 'weir.dev/cgroup': `/${podCgroup}` } },
    status: { podIPs: [{ ip: ipv4 }, { ip: ipv6 }] },
  };
}

function spawnWeir(flags: readonly string[]) {
  const weir = spawn(WEIR, ['capture', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  return { weir, stderr: weir.stderr, exited: once(weir, 'exit') };
}

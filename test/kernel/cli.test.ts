import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import type { Pod } from '../support/lab/pod.ts';
import { Scene } from '../support/scene.ts';

const HALVES = 46;
const BALANCED = 'balanced: observed = exported + filtered + sampled out + lost, for every capture';

function podObject({ name, uid, podCgroup, ipv4, ipv6 }: Pod): object {
  const annotations = { 'weir.dev/cgroup': `/${podCgroup}` };
  const metadata = { name, namespace: 'lab', uid, annotations };
  return { apiVersion: 'v1', kind: 'Pod', metadata, status: { podIPs: [{ ip: ipv4 }, { ip: ipv6 }] } };
}

function manifest(kind: string, name: string, spec: object): object {
  return { apiVersion: 'weir.dev/v1alpha1', kind, metadata: { name, namespace: 'lab' }, spec };
}

/** A running `weir capture` and what it has said on stderr so far. */
interface Running {
  readonly process: ChildProcess;
  readonly said: () => string;
  /** The exit status, and all that was said. */
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** `weir capture` as a person runs it, on the pods of a lab alone. */
describe.runIf(mayCapture)(`weir capture${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('cli');
    const pods = [scene.client, scene.server].map(podObject);
    writeFileSync(path('pods.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }));
    writeFileSync(path('all.json'), JSON.stringify(manifest('FlowCapture', 'all', {})));
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  function path(name: string): string {
    return join(scene.lab.temporary, name);
  }

  /** Started and attached. `stdout`: as for spawn(). `before`: a command that becomes this one. */
  async function start(stdout: 'pipe' | number, file = 'all.json', before: readonly string[] = []): Promise<Running> {
    const flags = ['-f', path(file), '--inventory', path('pods.json'), '-o', 'json'];
    const [command = '', ...rest] = [...before, 'bin/weir', 'capture', ...flags];
    const started = spawn(command, rest, { stdio: ['ignore', stdout, 'pipe'] });
    let stderr = '';
    const errors = readable(started.stderr);
    errors.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = Promise.all([once(started, 'exit'), once(errors, 'end')]).then(([[status]]) => ({ status, stderr }));
    await vi.waitUntil(() => stderr.includes('weir: capturing'), { timeout: 20_000 });
    return { process: started, said: () => stderr, ended };
  }

  async function traffic(connections: number): Promise<void> {
    const listener = await scene.acceptor.listen(scene.server.ipv4, { backlog: 1024 });
    const served = listener.serve({ connections, receive: 31, send: 1009 });
    await Promise.all([served, scene.dialler.burst(listener, { connections, send: 31, receive: 1009 })]);
    await listener.close();
  }

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends at %s with every record out and a balanced ledger',
    async (signal) => {
      const { process, ended } = await start('pipe');
      const stdout = text(readable(process.stdout));
      await traffic(HALVES / 2);
      process.kill(signal);
      const { status, stderr } = await ended;
      const flows = (await stdout)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(status).toBe(0);
      expect(flows).toHaveLength(HALVES);
      expect(new Set(flows.map((flow) => `${flow['source.bytes']} ${flow['destination.bytes']}`))).toEqual(
        new Set(['31 1009']),
      );
      expect(stderr).toMatch(/^lab\/all +46 +46 +0 +0 +0$/m);
      expect(stderr).toContain(BALANCED);
    },
  );

  it('ends by itself when each capture has lasted for its durationSeconds, each with what it has seen by then', async () => {
    const items = [
      manifest('FlowCapture', 'short', { durationSeconds: 3 }),
      manifest('FlowCapture', 'longer', { durationSeconds: 8 }),
    ];
    writeFileSync(path('short.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const { process, said, ended } = await start('pipe', 'short.json');
    const stdout = text(readable(process.stdout));
    const { near, far } = await scene.connection();
    await Promise.all([near.send(31), far.receive(31)]);
    await near.wait({ unacked: 0 });
    await vi.waitUntil(() => said().includes(over('short')), { timeout: 30_000 });
    expect(said()).not.toContain(over('longer'));
    await traffic(HALVES / 2);
    const { status, stderr } = await ended;
    const flows = (await stdout)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    await Promise.all([near.close(), far.close()]);
    expect(status).toBe(0);
    expect(stderr).toContain(over('longer'));
    const own = flows.filter((flow) => flow['source.port'] === near.local.port);
    expect(own.map((flow) => [flow.capture, flow['source.bytes']])).toEqual([
      [['lab/longer', 'lab/short'], 31],
      [['lab/longer', 'lab/short'], 31],
    ]);
    expect(flows).toHaveLength(HALVES + 2);
    expect(stderr).toMatch(/^lab\/short +2 +2 +0 +0 +0$/m);
    expect(stderr).toMatch(new RegExp(`^lab/longer +${HALVES + 2} +${HALVES + 2} +0 +0 +0$`, 'm'));
    expect(stderr).toContain(BALANCED);
  });

  it('ends by itself, quietly, when its reader has gone: | head -1', async () => {
    const { process, ended } = await start('pipe');
    await traffic(1);
    const [first] = await once(readable(process.stdout), 'data');
    process.stdout?.destroy();
    await traffic(HALVES / 2);
    const { status, stderr } = await ended;
    expect(JSON.parse(String(first).split('\n')[0] ?? '')).toMatchObject({ capture: ['lab/all'] });
    expect(status).toBe(0);
    expect(stderr).toContain(BALANCED);
    expect(stderr.split('\n').filter((line) => line.startsWith('weir: '))).toHaveLength(1);
  });

  it('ends at once at a second Ctrl-C, when the first waits for a reader that does not read', async () => {
    const fifo = path('stalled');
    spawnSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDWR);
    try {
      const { process, said, ended } = await start(reader);
      await traffic(500);
      process.kill('SIGINT');
      // The records of 500 connections are far more than a pipe holds.
      await vi.waitUntil(() => said().includes('Ctrl-C again ends at once'), { timeout: 20_000 });
      expect(said()).not.toContain('CAPTURE');
      process.kill('SIGINT');
      const { status } = await ended;
      expect(status).toBe(130);
    } finally {
      closeSync(reader);
    }
  });

  it('says once that a disk is full, loses only what did not fit, and counts it', async () => {
    const disk = path('disk');
    mkdirSync(disk);
    const flows = join(disk, 'flows');
    const items = [
      manifest('FlowCapture', 'all', { exports: [{ name: 'disk' }] }),
      manifest('FlowExport', 'disk', { file: { path: flows } }),
    ];
    writeFileSync(path('full.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    const { process, said, ended } = await start('pipe', 'full.json', withTinyDisk(disk));
    const recorded = `/proc/${process.pid}/root/${flows}`;
    await traffic(2);
    await vi.waitUntil(() => lines(recorded) === 4, { timeout: 30_000 });
    // Held open, it can be read when the disk has gone with the process.
    const file = openSync(recorded, 'r');
    await traffic(HALVES / 2);
    await vi.waitUntil(() => said().includes('no space left'), { timeout: 30_000 });
    await traffic(HALVES / 2);
    process.kill('SIGINT');
    const { status, stderr } = await ended;
    const kept = lines(file);
    closeSync(file);
    expect(status).toBe(1);
    expect(kept).toBeLessThan(50);
    expect(stderr.match(/^weir: FlowExport lab\/disk: cannot write to .*no space left on device/gm)).toHaveLength(1);
    expect(stderr).toMatch(
      new RegExp(`^lab/all +96 +${kept} +0 +0 +${96 - kept}\n  lost: sinkFailed ${96 - kept}$`, 'm'),
    );
    expect(stderr).toContain(BALANCED);
  });
});

/** What is said at the end of a capture. */
function over(name: string): string {
  return `weir: FlowCapture lab/${name} has lasted for its durationSeconds: it has ended`;
}

/** A command that mounts a file system of 16 KiB there, for the command behind it alone: it goes when that one ends. */
function withTinyDisk(directory: string): string[] {
  const script = 'mount -t tmpfs -o size=16k weir-test "$0" && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, directory];
}

function readable(stream: Readable | null): Readable {
  if (stream === null) throw new Error('expected a pipe');
  return stream;
}

/** Whole lines of a file, or of an open one from where it stands. */
function lines(file: string | number): number {
  return readFileSync(file, 'utf8').split('\n').length - 1;
}

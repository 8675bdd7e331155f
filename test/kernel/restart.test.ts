import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TCP_FLOW } from '../../src/agent/decode/layout.generated.ts';
import { EXPORTER_OPTIONS } from '../../src/agent/limits.ts';
import { sum } from '../../src/export/ledger.ts';
import { heldBy, stillThere } from '../support/bpf-objects.ts';
import { accountOf } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { KeptAgent, type Setting } from '../support/kept-agent.ts';
import { listed } from '../support/pod-inventory.ts';
import { PrivateBpffs } from '../support/private-bpffs.ts';
import { Scene } from '../support/scene.ts';

const TIMEOUT_MS = 100_000;
/** Programs and maps are freed some time after their last user is gone. */
const FREED_WITHIN = { timeout: 30_000, interval: 20 };
const SETTLED_WITHIN = { timeout: 30_000, interval: 50 };

interface Line {
  readonly 'flow.id'?: string;
  readonly 'flow.sequence': number;
  readonly 'flow.state': string;
  readonly observer: string;
  readonly 'source.bytes': number;
  readonly 'destination.bytes': number;
}

let scene: Scene;
let bpffs: PrivateBpffs;
let folder: string;

function setting(changes: Partial<Setting> = {}): Setting {
  const pods = [scene.client, scene.server].map((pod) => listed(pod));
  const file = join(folder, 'flows');
  return { bpffs: bpffs.path, pods, file, limits: {}, slowMillis: 0, hasHanging: false, ...changes };
}

/** So many connections one after the other; each gives two records. */
async function burst(connections: number): Promise<void> {
  const listener = await scene.acceptor.listen(scene.server.ipv4, { backlog: 1024 });
  const volume = { connections, timeoutMs: TIMEOUT_MS };
  await Promise.all([
    listener.serve({ ...volume, receive: 31, send: 1009 }),
    scene.dialler.burst(listener, { ...volume, send: 31, receive: 1009 }),
  ]);
  await listener.close();
}

function records(): Line[] {
  const text = existsSync(setting().file) ? readFileSync(setting().file, 'utf8') : '';
  // A killed process may leave the last line torn; the next one ends it.
  const rows = text.split('\n').filter((line) => line.endsWith('}'));
  return rows.map((row): Line => JSON.parse(row));
}

/** By record: how often it is in the file. */
function written(): Map<string, number> {
  const times = new Map<string, number>();
  for (const line of records()) {
    const key = `${line['flow.id']} ${line.observer} ${line['flow.sequence']}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return times;
}

function zeros(count: number): string[] {
  return Array(count).fill('0');
}

/** The numbers of struct lease. */
function leaseOf(path: string): bigint[] {
  const dump = execFileSync('bpftool', ['-j', 'map', 'lookup', 'pinned', path, 'key', ...zeros(4)], {
    encoding: 'utf8',
  });
  const { value }: { readonly value: readonly string[] } = JSON.parse(dump);
  return [...new BigUint64Array(Uint8Array.from(value, Number).buffer)];
}

function lines(): number {
  return [...written().values()].reduce((all, times) => all + times, 0);
}

/** The version folders of the node. */
function versions(): string[] {
  const node = join(bpffs.path, 'weir', 'node-1_example');
  return existsSync(node) ? readdirSync(node) : [];
}

/** What is left of Weir in the bpffs. */
function left(): string[] {
  return readdirSync(bpffs.path).filter((name) => !name.endsWith('.debug'));
}

/** Every record of so many connections is in the file. */
async function allWritten(connections: number): Promise<void> {
  await expect.poll(() => written().size, SETTLED_WITHIN).toBe(2 * connections);
}

describe.runIf(mayCapture)(`a capture outlives its agent${whySkipped}`, () => {
  beforeEach(async () => {
    [scene, bpffs] = await Promise.all([Scene.create('restart'), PrivateBpffs.mount()]);
    folder = mkdtempSync(join(tmpdir(), 'weir-restart-'));
  });

  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
    await bpffs[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('that is killed: what ends while nobody reads is read by the next one, once', async () => {
    const connections = 200;
    const open = await (async () => {
      await using first = await KeptAgent.start(setting());
      const connection = await scene.connection();
      await burst(connections);
      await expect.poll(lines, SETTLED_WITHIN).toBe(2 * connections);
      await expect.poll(async () => (await first.account()).inFlight, SETTLED_WITHIN).toBe(0);
      return connection;
    })();
    await burst(connections);
    // Opened under the first agent, closed under none.
    await open.near.close();
    await open.far.close();
    expect(lines()).toBe(2 * connections);
    await using second = await KeptAgent.start(setting());
    expect(await second.order('report')).toMatchObject({ hasRecovered: true });
    await expect.poll(lines, SETTLED_WITHIN).toBe(4 * connections + 2);
    expect(written().size).toBe(4 * connections + 2);
    const { report } = await second.order('stop');
    expect(report.accounts).toMatchObject([
      { observed: 4 * connections + 2, exported: 4 * connections + 2, redelivered: 0, unaccounted: 0, inFlight: 0 },
    ]);
    expect(report.node).toMatchObject({ openConnections: 0, takenOver: 0 });
  });

  it('that is killed three times under load: nothing is missing, and what comes twice is counted', async () => {
    const [each, kills] = [2000, 3];
    const connections = each * (kills + 1);
    let done = Promise.resolve();
    for (let kill = 0; kill < kills; kill++) {
      await using _ = await KeptAgent.start(setting({ slowMillis: 10 }));
      await done;
      const before = written().size;
      done = burst(each);
      await expect.poll(() => written().size, { timeout: 30_000, interval: 5 }).toBeGreaterThan(before);
    }
    await using last = await KeptAgent.start(setting());
    await done;
    await burst(each);
    await allWritten(connections);
    const { report, hasRecovered } = await last.order('stop');
    expect(hasRecovered).toBe(true);
    const [account] = report.accounts;
    const twice = lines() - 2 * connections;
    expect(account).toMatchObject({ observed: 2 * connections, unaccounted: 0, inFlight: 0 });
    expect(sum(account?.lost ?? {})).toBe(0);
    expect(account?.exported).toBe(2 * connections + (account?.redelivered ?? 0));
    // Beyond what is counted only a batch that was written, and whose process did not live to hear of it.
    expect(twice).toBeGreaterThanOrEqual(account?.redelivered ?? 0);
    expect(twice).toBeLessThanOrEqual((account?.redelivered ?? 0) + kills * EXPORTER_OPTIONS.maxRecords);
  });

  it('that is killed while one export hangs: what the others have is counted as coming twice, and comes twice', async () => {
    const connections = 300;
    {
      await using first = await KeptAgent.start(setting({ hasHanging: true }));
      await burst(connections);
      await allWritten(connections);
      await expect.poll(async () => (await first.account()).inFlight, SETTLED_WITHIN).toBe(0);
    }
    await using second = await KeptAgent.start(setting());
    await expect.poll(lines, SETTLED_WITHIN).toBe(4 * connections);
    const { report } = await second.order('stop');
    const twice = { redelivered: 2 * connections, exported: 4 * connections };
    expect(accountOf(report, 'all')).toMatchObject({ observed: 2 * connections, ...twice, unaccounted: 0 });
    // It is in the plan no more when its records come again, for the first time in its account.
    expect(accountOf(report, 'hanging')).toMatchObject({
      observed: 2 * connections,
      redelivered: 0,
      filtered: { captureEnded: 2 * connections },
      unaccounted: 0,
    });
    expect(new Set(written().values())).toEqual(new Set([2]));
  });

  it('that is killed three times while a connection lives on: its parts are the whole, to the byte', async () => {
    const { near, far } = await (async () => {
      await using _ = await KeptAgent.start(setting());
      return scene.connection();
    })();
    const [request, response] = [12_345, 6_789];
    for (let kill = 0; kill < 3; kill++) {
      await using _ = await KeptAgent.start(setting());
      const before = written().size;
      await Promise.all([near.send(request), far.receive(request)]);
      await Promise.all([far.send(response), near.receive(response)]);
      await expect.poll(() => written().size, SETTLED_WITHIN).toBeGreaterThanOrEqual(before + 2);
    }
    await Promise.all([near.send(request), far.receive(request)]);
    await near.close();
    await far.close();
    await using last = await KeptAgent.start(setting());
    await expect.poll(() => records().filter((line) => line['flow.state'] === 'Closed').length, SETTLED_WITHIN).toBe(2);
    const { report } = await last.order('stop');
    expect(accountOf(report, 'all')).toMatchObject({ unaccounted: 0, inFlight: 0, observed: written().size });
    expect(report.node).toMatchObject({ takenOver: 0, openConnections: 0 });
    for (const observer of ['source', 'destination']) {
      const parts = new Map(
        records()
          .filter((line) => line.observer === observer)
          .map((line) => [line['flow.sequence'], line]),
      );
      expect([...parts.keys()].toSorted((a, b) => a - b)).toEqual([...parts.keys()].map((_, at) => at));
      const bytes = (side: 'source' | 'destination') =>
        [...parts.values()].reduce((all, line) => all + line[`${side}.bytes`], 0);
      expect([bytes('source'), bytes('destination')]).toEqual([4 * request, 3 * response]);
    }
  });

  it('for ten minutes, and no longer: then the programs do nothing, and the next agent begins anew', async () => {
    {
      await using _ = await KeptAgent.start(setting());
    }
    const [version = ''] = versions();
    const lease = join(bpffs.path, 'weir', 'node-1_example', version, 'map_lease');
    const [until] = leaseOf(lease);
    const [seconds] = process.hrtime();
    expect(Number((until ?? 0n) / 1_000_000_000n) - seconds).toBeOneOf([598, 599, 600]);
    execFileSync('bpftool', ['map', 'update', 'pinned', lease, 'key', ...zeros(4), 'value', '1', ...zeros(23)]);
    await burst(10);
    await using second = await KeptAgent.start(setting());
    const { report, hasRecovered } = await second.order('report');
    expect(hasRecovered).toBe(false);
    expect(report.accounts).toMatchObject([{ observed: 0 }]);
    await burst(10);
    await allWritten(10);
  });

  it('that is killed with more read than the ring can keep: what is lost is counted', async () => {
    const ringBytes = 65_536;
    const limits = { ringBytes };
    {
      await using first = await KeptAgent.start(setting({ limits, slowMillis: 600_000 }));
      for (let part = 0; part < 10; part++) {
        const { observed } = await first.account();
        await burst(50);
        await expect.poll(async () => (await first.account()).observed, SETTLED_WITHIN).toBe(observed + 100);
        await expect.poll(async () => (await first.account()).inFlight, SETTLED_WITHIN).toBe(observed + 100);
      }
    }
    await using second = await KeptAgent.start(setting({ limits }));
    const account = await vi.waitFor(async () => {
      const now = await second.account();
      expect(now.unaccounted).toBe(0);
      expect(now.inFlight).toBe(0);
      return now;
    }, SETTLED_WITHIN);
    expect(account).toMatchObject({ observed: 1000, redelivered: 0 });
    expect(account.exported).toBe(lines());
    expect(account.lost.agentRestart).toBe(1000 - lines());
    // Half of the ring is what is kept, to a turn of reading, which here is a burst at most.
    const fit = Math.floor(ringBytes / 2 / (TCP_FLOW.size + 8));
    expect(lines()).toBeGreaterThan(fit - 100);
    expect(lines()).toBeLessThanOrEqual(fit);
  });

  it('that ends in order while its plan asks for it: the next one goes on', async () => {
    {
      await using first = await KeptAgent.start(setting());
      await burst(50);
      const { report } = await first.order('stop');
      expect(report.accounts).toMatchObject([{ observed: 100, exported: 100, unaccounted: 0 }]);
    }
    expect(versions()).toHaveLength(1);
    await burst(50);
    await using second = await KeptAgent.start(setting());
    await allWritten(100);
    const { report, hasRecovered } = await second.order('stop');
    expect(hasRecovered).toBe(true);
    expect(lines()).toBe(200);
    expect(report.accounts).toMatchObject([{ observed: 200, exported: 200, redelivered: 0, unaccounted: 0 }]);
  });

  it('until its plan asks for nothing: then nothing is left', async () => {
    await using first = await KeptAgent.start(setting());
    const held = heldBy(first.pid);
    await burst(10);
    await first.order('nothing');
    expect(left()).toEqual([]);
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
    expect(lines()).toBe(20);
  });

  it('or until an agent comes whose plan asks for nothing, and which still counts what there is', async () => {
    const held = await (async () => {
      await using first = await KeptAgent.start(setting());
      return heldBy(first.pid);
    })();
    await burst(10);
    expect(stillThere(held).length).toBeGreaterThan(0);
    await using second = KeptAgent.spawn(setting());
    const { report, hasRecovered } = await second.order('nothing');
    expect(hasRecovered).toBe(true);
    expect(report.accounts).toMatchObject([{ observed: 20, filtered: { captureEnded: 20 }, unaccounted: 0 }]);
    expect(left()).toEqual([]);
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
  });

  it('of another version is replaced', async () => {
    const held = await (async () => {
      await using first = await KeptAgent.start(setting());
      await burst(10);
      await allWritten(10);
      return heldBy(first.pid);
    })();
    const before = versions();
    await using second = await KeptAgent.start(setting({ limits: { maxConnections: 1000 } }));
    const { report, hasRecovered } = await second.order('report');
    expect(hasRecovered).toBe(false);
    expect(report.accounts).toMatchObject([{ observed: 0 }]);
    expect(versions()).toHaveLength(1);
    expect(versions()).not.toEqual(before);
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
    await burst(10);
    await allWritten(20);
  });

  it('of which a part is missing is replaced', async () => {
    {
      await using _ = await KeptAgent.start(setting());
    }
    const [version = ''] = versions();
    rmSync(join(bpffs.path, 'weir', 'node-1_example', version, 'link_tcp_by_packet'));
    await using second = await KeptAgent.start(setting());
    expect((await second.order('report')).hasRecovered).toBe(false);
    await burst(10);
    await allWritten(10);
    expect(lines()).toBe(20);
    expect(await second.account()).toMatchObject({ observed: 20, exported: 20, unaccounted: 0 });
  });

  it('and is read by one agent at a time', async () => {
    await using first = await KeptAgent.start(setting());
    await using second = KeptAgent.spawn(setting());
    await expect(second.order('capture')).rejects.toThrow('another agent of this node still runs');
    await first.kill();
    await second.order('capture');
    expect((await second.order('report')).hasRecovered).toBe(true);
  });

  it('only where there is a bpffs; elsewhere it captures, and ends with its agent', async () => {
    const held = await (async () => {
      await using first = await KeptAgent.start(setting({ bpffs: undefined }));
      await burst(10);
      await allWritten(10);
      return heldBy(first.pid);
    })();
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KubeClient } from '../../src/kube/client.ts';
import { HttpsTransport } from '../../src/kube/https-transport.ts';
import { kubeconfigCredentials } from '../../src/kube/kubeconfig-credentials.ts';
import { type KubeObject, keyOf } from '../../src/kube/object.ts';
import { Reflector, type ReflectorEvent, type ReflectorOptions } from '../../src/kube/reflector.ts';
import type { Resource } from '../../src/kube/resource.ts';
import { type Delta, Store } from '../../src/kube/store.ts';
import { systemTimers } from '../../src/lib/timers.ts';
import { canonicalJson } from '../../src/plan/canonical.ts';
import { Api } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/cluster/fault-proxy.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { randomFrom, SEED } from '../support/random.ts';

/** A store against the truth of a real API server, while networks and servers do what they do. */

const reason = whyNoCluster();
const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
const READER = { namespace: 'default', name: 'reader' };
const PATH = '/api/v1/namespaces/mirrored/configmaps';
const ROUNDS = Number(process.env['WEIR_SOAK_ROUNDS'] ?? 5);

type ConfigMap = KubeObject & { readonly data?: Readonly<Record<string, string>> };

let cluster: Cluster;
let api: Api;
let proxy: FaultProxy;
let kubeconfig: string;

/** `uid value` of a config map: enough to tell one from another of the same name. */
function reduce({ metadata, data }: ConfigMap): string {
  return `${metadata.uid} ${data?.['value']}`;
}

/** A reflector, what it has told, and what follows from that. */
class Subject {
  readonly store = new Store<string>();
  readonly events: ReflectorEvent[] = [];
  /** The fold of all deltas. */
  readonly told = new Map<string, string>();
  readonly wrong: string[] = [];
  readonly reflector: Reflector<string, ConfigMap>;
  deltas = 0;

  constructor(client: KubeClient, options: Partial<ReflectorOptions<string, ConfigMap>>) {
    this.reflector = new Reflector<string, ConfigMap>({
      client,
      resource: CONFIG_MAPS,
      namespace: 'mirrored',
      store: this.store,
      reduce,
      onDelta: (delta) => this.#take(delta),
      timers: systemTimers,
      clock: () => performance.now(),
      random: randomFrom(SEED),
      log: (event) => this.events.push(event),
      backoff: { firstMillis: 20, longestMillis: 200 },
      ...options,
    });
  }

  happened(what: ReflectorEvent['what']): number {
    return this.events.filter((event) => event.what === what).length;
  }

  /** Waits until the store is what the server has, and the deltas add up to it. Returns the deltas that were wrong. */
  async agrees(): Promise<readonly string[]> {
    await eventually(
      async () => {
        const truth = new Map(
          (await api.list<ConfigMap>(PATH)).map((object) => [keyOf(object.metadata), reduce(object)]),
        );
        const found = new Map(Array.from(this.store.keys(), (key) => [key, this.store.get(key)]));
        const [a, b, c] = [truth, found, this.told].map((map) => canonicalJson(Object.fromEntries(map)));
        if (a !== b || a !== c) throw new Error(`server ${a}\nstore  ${b}\ntold   ${c}`);
      },
      { what: 'the store is what the server has', timeoutMillis: 20_000 },
    );
    return this.wrong;
  }

  #take({ type, key, before, after }: Delta<string>): void {
    this.deltas += 1;
    const known = this.told.get(key);
    if (known !== before) this.wrong.push(`${type} ${key}: from ${before}, but it was ${known}`);
    if (type !== (after === undefined ? 'Deleted' : before === undefined ? 'Added' : 'Modified'))
      this.wrong.push(`${type} ${key}`);
    if (after === undefined) this.told.delete(key);
    else this.told.set(key, after);
  }
}

const subjects: Subject[] = [];

async function start(options: Partial<ReflectorOptions<string, ConfigMap>> = {}): Promise<Subject> {
  const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig), 'weir-test');
  const subject = new Subject(new KubeClient(transport, { fieldManager: 'none' }), options);
  subjects.push(subject);
  subject.reflector.start();
  return subject;
}

async function put(name: string, value: string): Promise<void> {
  const metadata = { name, namespace: 'mirrored' };
  await api.apply(`${PATH}/${name}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } });
}

async function remove(name: string): Promise<void> {
  await api.delete(`${PATH}/${name}`);
}

function watches(): number {
  return proxy.forwarded.filter(({ path, watch }) => watch && path.endsWith('/configmaps')).length;
}

function lists(): number {
  return proxy.forwarded.filter(
    ({ path, watch, query }) => path.endsWith('/configmaps') && (!watch || query.has('sendInitialEvents')),
  ).length;
}

describe.skipIf(reason !== undefined)(`a reflector on a real API server (seed ${SEED}) ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false });
    api = new Api(cluster.kubeconfig);
    proxy = await startFaultProxy(cluster);
    await cluster.kubectl(['create', 'namespace', 'mirrored']);
    await cluster.kubectl(['create', 'serviceaccount', READER.name]);
    await cluster.kubectl(['create', 'clusterrole', 'reader', '--verb=list,watch', '--resource=configmaps']);
    await cluster.kubectl([
      'create',
      'clusterrolebinding',
      'reader',
      '--clusterrole=reader',
      '--serviceaccount=default:reader',
    ]);
    kubeconfig = await cluster.kubeconfigFor(READER, { server: proxy.server });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await put(name, '0');
  });

  afterEach(async () => {
    await proxy.clear();
    await Promise.all(subjects.splice(0).map(({ reflector }) => reflector.stop()));
  });

  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  test('lists once and follows: each change told once', async () => {
    const subject = await start();
    await subject.reflector.synced;
    expect(subject.deltas).toBe(5);
    await put('a', '1');
    await put('f', '1');
    await remove('f');
    expect(await subject.agrees()).toEqual([]);
    expect(subject.deltas).toBe(8);
    expect(subject.events).toEqual([{ what: 'synced' }]);
  });

  test('goes on where an ended or reset watch was, without listing again', async () => {
    const asked = watches();
    const subject = await start({ watchSeconds: [1, 1] });
    await subject.reflector.synced;
    const before = lists();
    for (let round = 1; round <= 3; round += 1) {
      proxy.resetConnections();
      await put('a', `reset ${round}`);
      expect(await subject.agrees()).toEqual([]);
      await eventually(() => expect(subject.happened('ended')).toBeGreaterThan(round), {
        what: 'the server ends the watch',
      });
      await put('b', `end ${round}`);
      expect(await subject.agrees()).toEqual([]);
    }
    expect(lists()).toBe(before);
    expect(subject.happened('failed')).toBe(3);
    // One at a time, and none that nobody reads.
    await eventually(() => expect(watches() - asked).toBe(1 + subject.happened('failed') + subject.happened('ended')), {
      what: 'it watches again',
    });
  });

  test('goes on where it was after a time in which nobody answered, without listing again', async () => {
    const subject = await start();
    await subject.reflector.synced;
    await put('gone', '1');
    expect(await subject.agrees()).toEqual([]);
    const before = lists();
    proxy.refuseConnections();
    proxy.resetConnections();
    await eventually(() => expect(subject.happened('failed')).toBeGreaterThan(3), { what: 'it tries' });
    expect(subject.reflector.failing).toBe(true);
    await remove('gone');
    await put('gone', '2');
    await remove('gone');
    await put('a', 'meanwhile');
    const { deltas } = subject;
    await proxy.acceptConnections();
    expect(await subject.agrees()).toEqual([]);
    expect(lists()).toBe(before);
    // Every one of the four changes was told.
    expect(subject.deltas - deltas).toBe(4);
    expect(subject.reflector.failing).toBe(false);
  });

  test.each([
    [500, 0],
    [503, 1],
    [429, 1],
  ])('status %i, asked to wait %i s, is only a delay', async (status, retryAfter) => {
    const subject = await start();
    await subject.reflector.synced;
    proxy.answerNext(2, ({ watch }) => watch, retryAfter === 0 ? { status } : { status, retryAfter });
    proxy.resetConnections();
    await put('a', `status ${status}`);
    expect(await subject.agrees()).toEqual([]);
    const pauses = subject.events.flatMap(({ failure, retryMillis }) =>
      failure?.includes('ApiError') ? [retryMillis ?? 0] : [],
    );
    expect(pauses).toHaveLength(2);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(retryAfter * 1000);
  });

  test.each(['status', 'event'] as const)('410 as %s: lists anew, and no delete in between is lost', async (how) => {
    const subject = await start();
    await subject.reflector.synced;
    await put('gone', '1');
    await put('again', '1');
    expect(await subject.agrees()).toEqual([]);
    proxy.refuseConnections();
    proxy.resetConnections();
    await remove('gone');
    await remove('again');
    await put('again', '2');
    if (how === 'event') proxy.expireNextWatches(1);
    else proxy.answerNext(1, ({ watch }) => watch, { status: 410 });
    const before = lists();
    await proxy.acceptConnections();
    await eventually(() => expect(subject.happened('relisting')).toBe(1), { what: 'it lists anew' });
    expect(await subject.agrees()).toEqual([]);
    expect(lists()).toBe(before + 1);
    await remove('again');
    expect(await subject.agrees()).toEqual([]);
  });

  test('a watch that says nothing any more is given up after its time', async () => {
    // No time passes but what the test lets pass: the deadline is half a second instead of ten after the server's.
    const timers = {
      after: (millis: number, action: () => void) => systemTimers.after(millis > 5000 ? 1500 : millis, action),
    };
    const subject = await start({ watchSeconds: [1, 1], timers });
    await subject.reflector.synced;
    proxy.stallWatches();
    await put('a', 'stalled');
    await eventually(
      () => expect(subject.events.some(({ failure }) => failure?.includes('did not end the watch'))).toBe(true),
      {
        what: 'it gives the watch up',
      },
    );
    proxy.resumeWatches();
    expect(await subject.agrees()).toEqual([]);
  });

  test('a watch cut after any number of bytes, in the middle of the first list too, misses nothing', async () => {
    for (const bytes of [0, 1, 100, 700, 1500]) {
      proxy.cutNextWatches(1, bytes);
      const subject = await start();
      await subject.reflector.synced;
      await put('a', `cut ${bytes}`);
      expect(await subject.agrees()).toEqual([]);
      expect(subject.happened('failed')).toBe(1);
    }
  });

  test('answers in pieces of 1 to 7 bytes', async () => {
    proxy.splitResponses(true);
    const subject = await start();
    await put('a', 'grün-日本-🚰');
    expect(await subject.agrees()).toEqual([]);
  });

  test.each([400, 422])(
    'a server that refuses streaming lists with %i: pages, from the first where one has expired',
    async (status) => {
      for (let at = 0; at < 23; at += 1) await put(`page-${at}`, '0');
      proxy.answerNext(1, ({ query }) => query.has('sendInitialEvents'), { status });
      proxy.answerNext(1, ({ query }) => query.has('continue'), { status: 410 });
      const subject = await start({ pageSize: 7 });
      await subject.reflector.synced;
      expect(await subject.agrees()).toEqual([]);
      expect(subject.events.map(({ what }) => what)).toEqual(['paging', 'failed', 'synced']);
      await remove('page-3');
      expect(await subject.agrees()).toEqual([]);
      for (let at = 0; at < 23; at += 1) if (at !== 3) await remove(`page-${at}`);
      expect(await subject.agrees()).toEqual([]);
    },
  );

  test('more objects than a page has: each told once, in three pages and as one stream', async () => {
    const names = Array.from({ length: 1009 }, (_, at) => `many-${at}`);
    await Promise.all(names.map((name) => put(name, '0')));
    const there = (await api.list(PATH)).length;
    proxy.answerNext(1, ({ query }) => query.has('sendInitialEvents'), { status: 422 });
    for (const [mode, requests] of Object.entries({ pages: ['500', '500', '500'], stream: [] })) {
      const before = proxy.forwarded.length;
      const subject = await start();
      await subject.reflector.synced;
      expect([mode, subject.deltas, subject.wrong]).toEqual([mode, there, []]);
      const limits = proxy.forwarded.slice(before).map(({ query }) => query.get('limit'));
      expect(limits.filter((limit) => limit !== null)).toEqual(requests);
    }
    await Promise.all(names.map(remove));
    for (const subject of subjects) {
      expect(await subject.agrees()).toEqual([]);
      expect(subject.deltas).toBe(there + names.length);
    }
  });

  test('a watch that the server cuts off for being slow misses nothing', async () => {
    const subject = await start();
    await subject.reflector.synced;
    proxy.stallWatches();
    // What is large fills every buffer on the way; what is small, the queue that the server has for a watcher (at most two
    // times a hundred events). Then it gives the watcher up.
    const values = [...Array.from({ length: 23 }, () => 'x'.repeat(900_000)), ...Array.from({ length: 257 }, () => '')];
    const before = subject.deltas;
    for (const [at, value] of values.entries()) await put('slow', `${at} ${value}`);
    proxy.resumeWatches();
    await eventually(() => expect(subject.deltas - before).toBe(values.length), { what: 'every change is told' });
    expect(await subject.agrees()).toEqual([]);
    // By itself it would have ended after four minutes.
    expect(subject.events).toEqual([{ what: 'synced' }, { what: 'ended' }]);
    await remove('slow');
    expect(await subject.agrees()).toEqual([]);
  });

  test('stops at once, while it watches and while it waits for its next try', async () => {
    const watching = await start();
    await watching.reflector.synced;
    proxy.refuseConnections();
    const waiting = await start({ backoff: { firstMillis: 60_000, longestMillis: 60_000 } });
    await eventually(() => expect(waiting.happened('failed')).toBe(1), { what: 'it waits' });
    const before = performance.now();
    await Promise.all([watching.reflector.stop(), waiting.reflector.stop()]);
    // As long as a minute would be a wait for the next try.
    expect(performance.now() - before).toBeLessThan(5000);
    expect([watching.happened('failed'), waiting.happened('failed')]).toEqual([0, 1]);
  });

  test('the API server killed and started again', async () => {
    const subject = await start();
    await subject.reflector.synced;
    await cluster.killApiServer();
    await eventually(() => expect(subject.reflector.failing).toBe(true), { what: 'it notices' });
    await cluster.startApiServer();
    await put('a', 'after');
    expect(await subject.agrees()).toEqual([]);
    await eventually(() => expect(subject.reflector.failing).toBe(false), { what: 'it is well again' });
  });

  test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    'random changes under random faults, round %i',
    async (round) => {
      const random = randomFrom(SEED + round);
      const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
      // Every other round without streaming lists, in pages of three.
      if (round % 2 === 0) proxy.answerNext(1, ({ query }) => query.has('sendInitialEvents'), { status: 422 });
      const subject = await start({ watchSeconds: [1, 3], pageSize: 3 });
      // Most faults meet a request that has to come first: the watch that is there breaks, too.
      const broken = (fault: () => void) => async () => {
        const before = subject.events.length;
        fault();
        proxy.resetConnections();
        // What a stalled watch held back is lost with it; the next one is not stalled, or only its time would end it.
        proxy.resumeWatches();
        if (random() < 0.5) return;
        await eventually(() => expect(subject.events.length).toBeGreaterThan(before), { what: 'it notices' });
      };
      const refused = (status: number, retryAfter?: number) =>
        broken(() => proxy.answerNext(1, () => true, retryAfter === undefined ? { status } : { status, retryAfter }));
      const faults: (() => unknown)[] = [
        broken(() => undefined),
        broken(() => proxy.refuseConnections()),
        broken(() => proxy.expireNextWatches(1)),
        broken(() => proxy.cutNextWatches(1, Math.floor(random() * 3000))),
        broken(() => proxy.cutNextWatches(2, Math.floor(random() * 300))),
        refused(410),
        refused(404),
        refused(500),
        refused(503, 1),
        () => proxy.acceptConnections(),
        () => proxy.acceptConnections(),
        () => proxy.expireWatches(),
        () => proxy.splitResponses(random() < 0.5),
        () => proxy.delayResponses(Math.floor(random() * 50)),
        () => proxy.stallWatches(),
        () => proxy.resumeWatches(),
      ];
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      for (let step = 0; step < 60; step += 1) {
        const name = pick(names) ?? '';
        const there = (await api.list<ConfigMap>(PATH)).some(({ metadata }) => metadata.name === name);
        if (there && random() < 0.4) await remove(name);
        else await put(name, `${round}.${step}`);
        if (random() < 0.3) await pick(faults)?.();
        if (step % 10 !== 9) continue;
        await proxy.clear();
        expect(await subject.agrees()).toEqual([]);
      }
      expect(subject.happened('fault')).toBe(0);
      expect(subject.happened('failed')).toBeGreaterThan(3);
    },
  );
});

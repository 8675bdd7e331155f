import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareText } from '../../src/plan/canonical.ts';
import { heldPrograms } from '../support/bpf-held.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { leave } from '../support/operator/guest.ts';
import { Installation } from '../support/operator/installation.ts';
import { processesOf } from '../support/operator/node-processes.ts';
import { type FlowRecord, recordsFile } from '../support/operator/records.ts';
import { whyNoInstallation } from '../support/operator/requirements.ts';
import { ANSWERS, REQUEST, Shop } from '../support/operator/shop.ts';
import type { World } from '../support/operator/world.ts';

/** The whole way: `helm install`, kubectl apply, flows of exactly the selected pods at the sink, a truthful `kubectl get fc`. */

const inCi = process.env['CI'] === 'true';
const missing = whyNoInstallation();
const may = missing === undefined || inCi;
const notOwn = whyNoOwnNodes();
const mayOwn = notOwn === undefined || inCi;
const why = notOwn === undefined ? '' : ` (${notOwn})`;

const CONNECTIONS = 23;
const FLOWS = recordsFile('flows');
const FIRST_PODS = 100;
const AT_ONCE = 5;
/** Reports come every 10 s, on a machine that does much else at once. */
const COUNTED_MILLIS = 60_000;

let cluster: Cluster;
let weir: Installation;
let world: World;
let shop: Shop;
let first: string;
let second: string;

function halves(records: readonly FlowRecord[], observer: 'source' | 'destination'): FlowRecord[] {
  return records.filter((record) => record['observer'] === observer);
}

function idsOf(records: readonly FlowRecord[]): string[] {
  return records.map((record) => String(record['flow.id'])).toSorted(compareText);
}

async function flowsBecome(key: string, expected: object): Promise<void> {
  await eventually(async () => expect((await world.getCapture(key)).status?.flows).toMatchObject(expected), {
    what: `the counts of ${key}`,
    timeoutMillis: COUNTED_MILLIS,
  });
}

async function isReady(key: string, reason: string): Promise<void> {
  await eventually(
    async () => {
      const { status } = await world.getCapture(key);
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True', reason });
    },
    { what: `${key} is ready`, timeoutMillis: COUNTED_MILLIS },
  );
}

/** Ids of the programs that the agents of both nodes hold. */
async function programs(): Promise<readonly number[]> {
  return (await processesOf(cluster, 'agent')).flatMap(heldPrograms);
}

/** How many records a file has as soon as those of every connection that ended before on the first node can be in it. */
async function settled(file: string): Promise<number> {
  const fromClient = async () => halves(await weir.records(FLOWS), 'source').length;
  const before = await fromClient();
  await shop.connect('shop', shop.client, 1);
  await eventually(async () => expect(await fromClient()).toBe(before + 1), { what: 'what came has come' });
  return (await weir.records(file)).length;
}

/** kubectl's row of a capture: its columns by their titles. */
async function row(namespace: string, name: string): Promise<Record<string, string>> {
  const [titles = [], values = []] = (await world.kubectl('get', 'fc', '-n', namespace, name))
    .trim()
    .split('\n')
    .map((line) => line.split(/\s{2,}/));
  return Object.fromEntries(titles.map((title, at) => [title, values[at] ?? '']));
}

describe.runIf(may)(`flows of two real nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    weir = await Installation.install(cluster);
    world = weir.world;
    [first = '', second = ''] = cluster.nodeNames;
    shop = await Shop.open(cluster, weir);
    await world.export('weir-system/archive', { file: { path: FLOWS }, allowedNamespaces: { from: 'All' } });
  }, 300_000);

  afterAll(() => leave(cluster));

  test('23 connections through a Service are 23 client halves and 23 server halves, joined by flow.id, each with its right name', async () => {
    const matchExpressions = [{ key: 'app', operator: 'In' as const, values: ['client', 'server'] }];
    const exports = [{ name: 'archive', namespace: 'weir-system' }];
    await world.capture('shop/all', { podSelector: { matchExpressions }, exports });
    await isReady('shop/all', 'NoFlowsYet');
    const answered = await shop.connect('shop', shop.client, CONNECTIONS);
    expect(Object.values(answered)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(answered['server-1']).toBeGreaterThan(0);
    expect(answered['server-2']).toBeGreaterThan(0);
    await flowsBecome('shop/all', { observed: 2 * CONNECTIONS, exported: 2 * CONNECTIONS, filtered: 0, lost: 0 });
    const records = await weir.records(FLOWS);
    const [clients, servers] = [halves(records, 'source'), halves(records, 'destination')];
    expect([records.length, clients.length, servers.length]).toEqual([2 * CONNECTIONS, CONNECTIONS, CONNECTIONS]);
    expect(idsOf(clients)).toEqual(idsOf(servers));
    expect(new Set(idsOf(clients)).size).toBe(CONNECTIONS);
    for (const each of clients) {
      expect(each).toMatchObject({
        node: first,
        capture: ['shop/all'],
        'source.attribution': 'Exact',
        'source.k8s.namespace.name': 'shop',
        'source.k8s.pod.name': shop.client,
        'source.k8s.owner.type': 'Deployment',
        'source.k8s.owner.name': 'client',
        'source.k8s.node.name': first,
        // What was dialled: kube-proxy translates behind the socket.
        'destination.address': shop.service,
        'source.bytes': REQUEST,
      });
    }
    for (const [server, bytes] of Object.entries(ANSWERS)) {
      const own = servers.filter((record) => record['destination.k8s.pod.name'] === server);
      expect(own).toHaveLength(answered[server] ?? -1);
      const node = server === 'server-1' ? first : second;
      for (const each of own) {
        expect(each).toMatchObject({
          node,
          'destination.attribution': 'Exact',
          'destination.k8s.namespace.name': 'shop',
          'destination.k8s.node.name': node,
          'destination.bytes': bytes,
          'source.bytes': REQUEST,
        });
      }
    }
  });

  test('kubectl get fc says what the test knows, during traffic and after', async () => {
    expect(await row('shop', 'all')).toMatchObject({
      READY: 'True',
      REASON: 'Delivering',
      PODS: '3',
      NODES: '2/2',
      LOST: '0',
    });
    const ended = new AbortController();
    const traffic = (async () => {
      let connections = 0;
      for (; !ended.signal.aborted; connections += CONNECTIONS) await shop.connect('shop', shop.client, CONNECTIONS);
      return connections;
    })();
    try {
      await eventually(async () => expect(Number((await row('shop', 'all'))['FLOWS/S'])).toBeGreaterThan(0), {
        what: 'the rate is seen',
        timeoutMillis: COUNTED_MILLIS,
      });
    } finally {
      ended.abort();
    }
    const total = 2 * (CONNECTIONS + (await traffic));
    await flowsBecome('shop/all', { observed: total, exported: total, lost: 0, perSecond: 0 });
    expect(await weir.records(FLOWS)).toHaveLength(total);
    expect(await row('shop', 'all')).toMatchObject({ PODS: '3', NODES: '2/2', 'FLOWS/S': '0', LOST: '0' });
  });

  test('what is not selected leaves no record, and a namespaced capture sees no pod of another namespace', async () => {
    const before = await weir.records(FLOWS);
    await shop.connect('shop', 'bystander', CONNECTIONS);
    await shop.connect('bank', 'client', CONNECTIONS);
    // The server's own ends of them are selected, and these alone.
    const servers = 2 * CONNECTIONS;
    await eventually(async () => expect(await weir.records(FLOWS)).toHaveLength(before.length + servers), {
      what: "the servers' halves have come",
    });
    for (const record of await weir.records(FLOWS)) {
      const local = record['observer'] === 'source' ? 'source' : 'destination';
      expect(record[`${local}.k8s.namespace.name`]).toBe('shop');
      expect([shop.client, 'server-1', 'server-2']).toContain(record[`${local}.k8s.pod.name`]);
    }
  });

  test('a label added is captured, a label removed is not', async () => {
    const file = recordsFile('tier');
    await world.export('weir-system/tier', { file: { path: file }, allowedNamespaces: { from: 'All' } });
    const exports = [{ name: 'tier', namespace: 'weir-system' }];
    await world.capture('shop/tier', { podSelector: { matchLabels: { tier: 'web' } }, exports });
    await isReady('shop/tier', 'NoPodsMatched');
    const labelled = () => shop.connect('shop', 'bystander', 1);
    await labelled();
    expect(await settled(file)).toBe(0);
    await world.labelPod('shop/bystander', { tier: 'web' });
    // Agents follow labels by themselves: what the operator counts does not say that they have.
    const begun = await eventually(
      async () => {
        await labelled();
        const records = await settled(file);
        expect(records).toBeGreaterThan(0);
        return records;
      },
      { what: 'it is captured' },
    );
    await shop.connect('shop', 'bystander', CONNECTIONS);
    const total = begun + CONNECTIONS;
    await flowsBecome('shop/tier', { observed: total, exported: total, lost: 0 });
    expect(await settled(file)).toBe(total);
    await world.labelPod('shop/bystander', { tier: 'none' });
    const ended = await eventually(
      async () => {
        const before = await settled(file);
        await labelled();
        const records = await settled(file);
        expect(records).toBe(before);
        return records;
      },
      { what: 'it is captured no more' },
    );
    await shop.connect('shop', 'bystander', CONNECTIONS);
    expect(await settled(file)).toBe(ended);
    expect((await world.getCapture('shop/tier')).status?.matchedPods).toBe(0);
    await world.deleteCapture('shop/tier');
  });

  test(`the first connection of ${FIRST_PODS} pods in a row, made as they start: none missed, none wrong`, async () => {
    const file = recordsFile('first');
    await world.export('weir-system/first', { file: { path: file }, allowedNamespaces: { from: 'All' } });
    const exports = [{ name: 'first', namespace: 'weir-system' }];
    await world.capture('shop/first', { podSelector: { matchLabels: { app: 'first' } }, exports });
    await isReady('shop/first', 'NoPodsMatched');
    const names = Array.from({ length: FIRST_PODS }, (_, at) => `first-${at}`);
    for (let at = 0; at < FIRST_PODS; at += AT_ONCE) {
      await Promise.all(
        names.slice(at, at + AT_ONCE).map(async (name, of) => {
          const args = shop.connecting(1);
          await shop.workloads.create({ name, node: of % 2 === 0 ? first : second, args, labels: { app: 'first' } });
          await shop.workloads.until(name, `${name} has connected`, ({ phase }) => phase === 'Succeeded');
        }),
      );
    }
    await flowsBecome('shop/first', { observed: FIRST_PODS, exported: FIRST_PODS, lost: 0 });
    const records = await weir.records(file);
    const named = records.map((record) => String(record['source.k8s.pod.name']));
    expect(named.toSorted(compareText)).toEqual(names.toSorted(compareText));
    for (const record of records) {
      expect(record).toMatchObject({ 'source.k8s.namespace.name': 'shop', 'source.attribution': 'Exact' });
      expect(record['node']).toBe(record['source.k8s.node.name']);
    }
  }, 600_000);

  test('with the last capture every node reports to run nothing, and with a new one to run it again', async () => {
    const attached = [['tcp', 'Attached']];
    const patience = { what: 'both nodes say what they run', timeoutMillis: COUNTED_MILLIS };
    expect(await weir.programs()).toEqual([attached, attached]);
    await world.kubectl('delete', 'fc', '-n', 'shop', '--all');
    await eventually(async () => expect(await weir.programs()).toEqual([[], []]), patience);
    await world.capture('shop/again');
    await eventually(async () => expect(await weir.programs()).toEqual([attached, attached]), patience);
  });

  test.runIf(mayOwn)(`with the last capture the programs go from every node within two seconds${why}`, async () => {
    expect((await programs()).length).toBeGreaterThan(0);
    await world.deleteCapture('shop/again');
    await eventually(async () => expect(await programs()).toEqual([]), {
      what: 'the programs are gone',
      timeoutMillis: 2_000,
    });
  });
});

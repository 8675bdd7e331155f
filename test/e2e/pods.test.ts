import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Api, type KubeObject } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { TRAFFIC_IMAGE } from '../support/cluster/images/images.ts';
import { runInside } from '../support/cluster/inside.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { Workloads } from '../support/cluster/workload.ts';
import { Installation } from '../support/operator/installation.ts';
import type { FlowRecord } from '../support/operator/records.ts';

/** Every kind of pod and of container that a kubelet runs: its connections have its name. */

const missing = whyNoOwnNodes();
const may = missing === undefined || process.env['CI'] === 'true';

const CONNECTIONS = 23;
const [PORT, REQUEST] = ['8080', '17'];
const FLOWS = '/var/log/weir/pods.ndjson';
const PODS = '/api/v1/namespaces/shop/pods';

let cluster: Cluster;
let weir: Installation;
let api: Api;
let shop: Workloads;
let server: string;

function connecting(count = CONNECTIONS): string[] {
  return ['connect', server, PORT, `${count}`, REQUEST];
}

function container(name: string, args: readonly string[]): object {
  return { name, image: TRAFFIC_IMAGE, imagePullPolicy: 'Never', args };
}

/** Makes a pod on node 1. */
async function pod(name: string, spec: object, metadata: object = {}): Promise<KubeObject> {
  const common = { nodeName: 'node1', restartPolicy: 'Never', terminationGracePeriodSeconds: 1 };
  return api.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, ...metadata },
    spec: { ...common, ...spec },
  });
}

/** The records of the pod of that name, as soon as there are so many; each is exact about whose it is. */
async function recordsOf(name: string, count = CONNECTIONS): Promise<readonly FlowRecord[]> {
  return eventually(
    async () => {
      const records = (await weir.records(FLOWS)).filter((record) => record['source.k8s.pod.name'] === name);
      expect(records).toHaveLength(count);
      for (const record of records) {
        // A foreign process is told by the network's owner, where that was learned in time, else by the address'.
        const isForeign = record['source.attribution.reason'] === 'foreignProcess';
        expect(isForeign ? ['Exact', 'Timeline'] : ['Exact']).toContain(record['source.attribution']);
        expect(record).toMatchObject({
          node: 'node1',
          'source.kind': 'Pod',
          'source.k8s.namespace.name': 'shop',
          'destination.address': server,
        });
      }
      return records;
    },
    { what: `${count} connections of ${name} are recorded`, timeoutMillis: 30_000 },
  );
}

describe.runIf(may)(`pods of every kind${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 1 });
    weir = await Installation.install(cluster);
    api = new Api(cluster.kubeconfig);
    for (const namespace of ['shop', 'bank']) await weir.world.namespace(namespace);
    shop = new Workloads(api, 'shop');
    const bank = new Workloads(api, 'bank');
    const answering = await bank.serve({ name: 'server', node: 'node1', args: ['echo', PORT] });
    server = answering.status.podIP ?? '';
    await weir.world.export('weir-system/pods', { file: { path: FLOWS }, allowedNamespaces: { from: 'All' } });
    await weir.world.capture('shop/all', { exports: [{ name: 'pods', namespace: 'weir-system' }] });
    // The first pod of the namespace brings the capture onto the node.
    await shop.serve({ name: 'first', node: 'node1', args: ['echo', '9'] });
    await eventually(
      async () => {
        const { status } = await weir.world.getCapture('shop/all');
        if (status?.nodes?.summary !== '1/1') throw new Error(JSON.stringify(status));
      },
      { what: 'the capture runs', timeoutMillis: 60_000 },
    );
  }, 300_000);

  afterAll(() => cluster?.stop());

  test("one that uses the node's network", async () => {
    await pod('on-host', { hostNetwork: true, containers: [container('main', connecting())] });
    const [record] = await recordsOf('on-host');
    // The node's own end of the links to its pods.
    expect(record).toMatchObject({ 'source.address': '198.18.1.1' });
  });

  test('init containers and those that follow them', async () => {
    const spec = {
      initContainers: [container('init', connecting())],
      containers: [container('main', connecting()), container('beside', connecting())],
    };
    await pod('many', spec);
    const records = await recordsOf('many', 3 * CONNECTIONS);
    expect(new Set(records.map((record) => record['container.id'])).size).toBe(3);
  });

  test('an ephemeral container', async () => {
    await shop.serve({ name: 'debugged', node: 'node1', args: ['echo', '9'] });
    await api.patch(`${PODS}/debugged/ephemeralcontainers`, {
      spec: { ephemeralContainers: [container('debugger', connecting())] },
    });
    const records = await recordsOf('debugged');
    expect(new Set(records.map((record) => record['container.id'])).size).toBe(1);
  });

  test('a container that was started again', async () => {
    await pod('again', { restartPolicy: 'Always', containers: [container('main', connecting())] });
    await shop.until('again', 'it was started again', ({ containerStatuses = [] }) =>
      containerStatuses.some(({ restartCount }) => restartCount === 1),
    );
    const records = await recordsOf('again', 2 * CONNECTIONS);
    expect(new Set(records.map((record) => record['container.id'])).size).toBe(2);
    await api.delete(`${PODS}/again`, { gracePeriodSeconds: 0 });
  });

  test('a static pod, whose cgroup has another uid than its object', async () => {
    const [node] = weir.nodes;
    if (node === undefined) throw new Error('there is no node');
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'static', namespace: 'shop' },
      spec: { restartPolicy: 'Never', containers: [container('main', connecting())] },
    };
    writeFileSync(join(node.staticPods, 'static.json'), JSON.stringify(manifest));
    const [record] = await recordsOf('static-node1');
    const { metadata } = await api.get(`${PODS}/static-node1`);
    expect(record?.['source.k8s.pod.uid']).toBe(metadata.uid);
  });

  test('one that is deleted with connections open', async () => {
    await pod('held', { containers: [container('main', ['hold', server, PORT])] });
    await shop.until('held', 'it runs', ({ phase }) => phase === 'Running');
    await eventually(
      async () => expect((await cluster.kubectl(['logs', '-n', 'shop', 'held'])).stdout).toBe('holding\n'),
      {
        what: 'it holds a connection',
      },
    );
    await api.delete(`${PODS}/held`, { gracePeriodSeconds: 0 });
    const [record] = await recordsOf('held', 1);
    expect(record).toMatchObject({ 'source.bytes': 0 });
  });

  test("one whose network another pod's process uses: the address is its own, the process the other's", async () => {
    const [node] = weir.nodes;
    if (node === undefined) throw new Error('there is no node');
    const { metadata } = await pod('entered', {
      containers: [container('main', connecting()), container('stays', ['echo', '9'])],
    });
    await recordsOf('entered');
    const program = join(cluster.folder, 'images', 'traffic');
    const other = await shop.get('first');
    const outcome = await runInside(node, other.metadata.uid ?? '', [program, ...connecting()], metadata.uid);
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    const records = await recordsOf('entered', 2 * CONNECTIONS);
    const foreign = records.filter((record) => record['source.attribution.reason'] === 'foreignProcess');
    expect(foreign).toHaveLength(CONNECTIONS);
    for (const record of foreign) expect(record).toMatchObject({ 'source.proxy.k8s.pod.name': 'first' });
  });

  test('one of the name of another that is gone: each has its own uid', async () => {
    const uids: string[] = [];
    for (let life = 0; life < 2; life += 1) {
      const { metadata } = await pod('same', { containers: [container('main', connecting())] });
      uids.push(metadata.uid ?? '');
      await shop.until('same', 'it has ended', ({ phase }) => phase === 'Succeeded');
      await api.delete(`${PODS}/same`, { gracePeriodSeconds: 0 });
      await eventually(
        async () => expect((await cluster.kubectl(['get', 'pod', '-n', 'shop', 'same'])).status).not.toBe(0),
        {
          what: 'it is gone',
        },
      );
    }
    const records = await recordsOf('same', 2 * CONNECTIONS);
    for (const uid of uids) {
      expect(records.filter((record) => record['source.k8s.pod.uid'] === uid)).toHaveLength(CONNECTIONS);
    }
  });

  test('and every flow of all of them is accounted for', async () => {
    const total = (await weir.records(FLOWS)).length;
    await eventually(
      async () => {
        const { status } = await weir.world.getCapture('shop/all');
        expect(status?.flows).toMatchObject({ observed: total, exported: total, filtered: 0, lost: 0 });
      },
      { what: 'the counts are those of the file', timeoutMillis: 30_000 },
    );
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldPrograms } from '../support/bpf-held.ts';
import { mayCapture } from '../support/capture-requirements.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { Lab } from '../support/lab/lab.ts';
import type { Pod } from '../support/lab/pod.ts';
import type { Router } from '../support/lab/router.ts';
import { AgentProcess } from '../support/operator/agent-process.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { World } from '../support/operator/world.ts';
import { PrivateBpffs } from '../support/private-bpffs.ts';

/**
 * `weir agent` on a real API server and a real kernel: its pods are objects that no kubelet runs, with cgroups where a kubelet
 * would make them.
 */

const reason = mayCapture ? whyNoCluster() : 'no capture here';
/** A prime, as all counts here are. */
const CONNECTIONS = 23;
/** Which of the two reports, is the kernel's choice. */
const PROGRAMS = [
  expect.stringMatching(/^report_(?:stored|held)$/),
  'take_over_connections',
  'tcp_by_packet',
  'tcp_by_process',
];

/** One record of a file: its fields by name. */
type Line = Readonly<Record<string, unknown>>;

let cluster: Cluster;
let world: World;
let lab: Lab;
let router: Router;
let operator: OperatorProcess;
let agent: AgentProcess;
let checkout: Pod;
let payments: Pod;

/** A pod of the API and of this machine: its processes are where a kubelet of that node would put them. */
async function pod(key: string, node: string, labels: Readonly<Record<string, string>>): Promise<Pod> {
  await world.pod(key, node, labels);
  return placed(key, node);
}

async function placed(key: string, node: string): Promise<Pod> {
  const [namespace = '', name = ''] = key.split('/');
  const { metadata } = await world.api.get<{ metadata: { uid: string } }>(
    `/api/v1/namespaces/${namespace}/pods/${name}`,
  );
  const cgroup = `${node}/kubepods/burstable/pod${metadata.uid}/${'c'.repeat(64)}`;
  const made = await lab.pod(`${namespace}-${name}`, { cgroup });
  await router.attach(made.netns, node === 'n1' ? 1 : 2);
  return made;
}

/** So many connections from one pod to another, each closed in order before the next begins. */
async function connect(from: Pod, to: Pod, count = CONNECTIONS): Promise<void> {
  const [dialler, acceptor] = await Promise.all([from.peer(), to.peer()]);
  const listener = await acceptor.listen(to.ipv4, {});
  for (let at = 0; at < count; at += 1) {
    const near = await dialler.connect(listener, {});
    const far = await listener.accept();
    await near.close();
    await far.close();
  }
  await listener.close();
}

function flowsIn(file: string): Line[] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line): Line => JSON.parse(line));
}

/** Whether the flow was opened by the pod of that name. */
function isOf(name: string): (line: Line) => boolean {
  return (line) => line['source.k8s.pod.name'] === name;
}

/** Names of the programs that the agent's process holds. */
function programs(): string[] {
  const all: { id: number; name?: string }[] = JSON.parse(
    execFileSync('bpftool', ['-j', 'prog', 'show'], { encoding: 'utf8', maxBuffer: 1 << 24 }),
  );
  const held = new Set(heldPrograms(agent.pid ?? 0));
  return all.filter(({ id }) => held.has(id)).map(({ name = '' }) => name);
}

async function flowsBecome(key: string, expected: object): Promise<void> {
  await eventually(
    async () => {
      const { status } = await world.getCapture(key);
      expect(status?.flows).toMatchObject(expected);
    },
    { what: `flows of ${key}`, timeoutMillis: 25_000 },
  );
}

async function selectedBecomes(key: string, matchedPods: number): Promise<void> {
  await eventually(async () => expect((await world.getCapture(key)).status).toMatchObject({ matchedPods }), {
    what: `${key} selects ${matchedPods} pods`,
  });
}

async function isReady(kind: 'FlowCapture' | 'FlowExport', key: string, expected: object): Promise<void> {
  await eventually(
    async () => {
      const { status } = kind === 'FlowCapture' ? await world.getCapture(key) : await world.getExport(key);
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject(expected);
    },
    { what: `${kind} ${key} is as expected`, timeoutMillis: 25_000 },
  );
}

describe.skipIf(reason !== undefined)(`weir agent on a real API server ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    lab = await Lab.create('agent');
    router = await lab.router();
    await world.namespace('shop', { team: 'shop' });
    for (const node of ['n1', 'n2']) await world.node(node);
    [checkout, payments] = [
      await pod('shop/checkout', 'n1', { app: 'checkout' }),
      await pod('shop/payments', 'n1', { app: 'payments' }),
    ];
    operator = await OperatorProcess.start(cluster);
    agent = await AgentProcess.start(cluster, 'n1');
  });

  afterAll(async () => {
    await agent?.kill();
    await operator?.kill();
    await lab?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  test('loads nothing while nothing is asked for', async () => {
    await eventually(async () => expect((await world.getAgent('n1')).status?.planHash).toMatch(/^[0-9a-f]{64}$/), {
      what: 'the empty plan is reported',
    });
    expect(programs()).toEqual([]);
  });

  test('captures exactly what is selected, names it, and counts it up to the FlowCapture', async () => {
    const file = join(cluster.folder, 'checkout.ndjson');
    await world.export('weir-system/archive', { file: { path: file }, allowedNamespaces: { from: 'All' } });
    const exports = [{ name: 'archive', namespace: 'weir-system' }];
    await world.capture('shop/checkout', { podSelector: { matchLabels: { app: 'checkout' } }, exports });
    await isReady('FlowCapture', 'shop/checkout', { status: 'True', reason: 'NoFlowsYet' });
    expect(programs().toSorted()).toEqual(PROGRAMS);
    await connect(checkout, payments);
    const counted = { observed: CONNECTIONS, exported: CONNECTIONS, filtered: 0, lost: 0 };
    await flowsBecome('shop/checkout', counted);
    const flows = flowsIn(file);
    expect(flows).toHaveLength(CONNECTIONS);
    for (const each of flows) {
      expect(each).toMatchObject({
        'source.k8s.namespace.name': 'shop',
        'source.k8s.pod.name': 'checkout',
        'source.k8s.node.name': 'n1',
        'source.attribution': 'Exact',
        'destination.k8s.namespace.name': 'shop',
        'destination.k8s.pod.name': 'payments',
        'destination.attribution': 'Exact',
      });
    }
    await isReady('FlowCapture', 'shop/checkout', { status: 'True', reason: 'Delivering' });
    await isReady('FlowExport', 'weir-system/archive', { status: 'True', reason: 'Delivering' });
    expect((await world.getCapture('shop/checkout')).status).toMatchObject({
      matchedPods: 1,
      nodes: { desired: 1, programmed: 1, failed: 0, summary: '1/1' },
    });
  });

  test('follows the labels of pods and namespaces', async () => {
    await world.capture('shop/tier', { podSelector: { matchLabels: { tier: 'web' } } });
    await world.capture('weir-system/teams', { namespaceSelector: { matchLabels: { team: 'web' } } });
    await isReady('FlowCapture', 'shop/tier', { status: 'True', reason: 'NoPodsMatched' });
    await isReady('FlowCapture', 'weir-system/teams', { status: 'True', reason: 'NoPodsMatched' });
    await world.labelPod('shop/payments', { tier: 'web' });
    await selectedBecomes('shop/tier', 1);
    await connect(checkout, payments);
    await flowsBecome('shop/tier', { observed: CONNECTIONS, exported: CONNECTIONS });
    await world.labelPod('shop/payments', { tier: 'none' });
    await world.namespace('shop', { team: 'web' });
    await selectedBecomes('weir-system/teams', 2);
    await selectedBecomes('shop/tier', 0);
    await connect(checkout, payments);
    await flowsBecome('weir-system/teams', { observed: 2 * CONNECTIONS, lost: 0 });
    await flowsBecome('shop/tier', { observed: CONNECTIONS });
    expect((await world.getCapture('shop/tier')).status?.flows).toMatchObject({ lost: 0, filtered: 0 });
    await world.deleteCapture('weir-system/teams');
    await world.deleteCapture('shop/tier');
  });

  test('reports nothing of a pod of another node that shares its kernel', async () => {
    const elsewhere = await pod('shop/elsewhere', 'n2', { app: 'checkout' });
    await selectedBecomes('shop/checkout', 2);
    const before = (await world.getCapture('shop/checkout')).status?.flows?.observed ?? 0;
    await connect(elsewhere, payments);
    await connect(checkout, payments, 1);
    await flowsBecome('shop/checkout', { observed: before + 1, lost: 0 });
    expect(flowsIn(join(cluster.folder, 'checkout.ndjson')).filter(isOf('elsewhere'))).toEqual([]);
    await world.deletePod('shop/elsewhere');
  });

  test('captures the first connections of a pod that its watch brings later, with its name', async () => {
    const file = join(cluster.folder, 'late.ndjson');
    await world.export('weir-system/late', { file: { path: file }, allowedNamespaces: { from: 'All' } });
    const exports = [{ name: 'late', namespace: 'weir-system' }];
    await world.capture('shop/late', { podSelector: { matchLabels: { app: 'late' } }, exports });
    await isReady('FlowCapture', 'shop/late', { status: 'True', reason: 'NoPodsMatched' });
    // Not bound to a node yet: no agent is told of it.
    await world.unboundPod('shop/late', { app: 'late' });
    await connect(await placed('shop/late', 'n1'), payments);
    await world.bindPod('shop/late', 'n1');
    await flowsBecome('shop/late', { observed: CONNECTIONS, exported: CONNECTIONS, lost: 0 });
    expect(flowsIn(file).filter(isOf('late'))).toHaveLength(CONNECTIONS);
  });

  test('a sink that cannot be opened is told at once, and well again once it can', async () => {
    const folder = join(cluster.folder, 'missing');
    await world.export('weir-system/broken', {
      file: { path: join(folder, 'flows') },
      allowedNamespaces: { from: 'All' },
    });
    const exports = [{ name: 'broken', namespace: 'weir-system' }];
    await world.capture('shop/broken', { podSelector: { matchLabels: { app: 'checkout' } }, exports });
    await isReady('FlowExport', 'weir-system/broken', { status: 'False', reason: 'SinkUnreachable' });
    await isReady('FlowCapture', 'shop/broken', { status: 'False', reason: 'SinkUnreachable' });
    mkdirSync(folder);
    await isReady('FlowExport', 'weir-system/broken', { status: 'True', reason: 'NoFlowsYet' });
    expect(existsSync(join(folder, 'flows'))).toBe(true);
    await world.deleteCapture('shop/broken');
  });

  test('without a bpffs it says what a restart will cost; killed and started again it goes on counting from where it was, and says what nobody saw', async () => {
    const degraded = async () => {
      const { status } = await world.getAgent('n1');
      return status?.conditions?.find(({ type }) => type === 'Degraded');
    };
    expect(await degraded()).toMatchObject({ status: 'True', reason: 'NotKept' });
    const before = (await world.getCapture('shop/checkout')).status?.flows?.observed ?? 0;
    await agent.kill();
    agent = await AgentProcess.start(cluster, 'n1');
    await connect(checkout, payments);
    await flowsBecome('shop/checkout', { observed: before + CONNECTIONS });
    expect(await degraded()).toMatchObject({
      status: 'True',
      reason: 'Restarted',
      message: expect.stringMatching(/may not have been seen, and are in no count$/),
    });
  });

  test('on SIGTERM it reports what it has counted, and leaves nothing in the kernel', async () => {
    const before = (await world.getCapture('shop/checkout')).status?.flows?.observed ?? 0;
    await connect(checkout, payments);
    await agent.stop();
    expect(programs()).toEqual([]);
    await flowsBecome('shop/checkout', { observed: before + CONNECTIONS });
    agent = await AgentProcess.start(cluster, 'n1');
  });

  test('with the last capture its programs go, and the totals of those that ended stay', async () => {
    await world.deleteCapture('shop/late');
    await world.capture('shop/checkout', { podSelector: { matchLabels: { app: 'checkout' } }, suspend: true });
    await eventually(() => expect(programs()).toEqual([]), { what: 'the programs are gone' });
    await eventually(
      async () => {
        const rows = (await world.getAgent('n1')).status?.captures ?? [];
        expect(rows.find(({ name }) => name === 'shop/checkout')).toMatchObject({ state: 'Ended' });
      },
      { what: 'the report tells the end' },
    );
  });

  test('where there is a bpffs, it goes on after kill -9 and SIGTERM as if nothing had been, and lets go of a plan', async () => {
    await using bpffs = await PrivateBpffs.mount();
    await agent.kill();
    agent = await AgentProcess.start(cluster, 'n1', { bpffs: bpffs.path });
    const file = join(cluster.folder, 'kept.ndjson');
    await world.export('weir-system/kept', { file: { path: file }, allowedNamespaces: { from: 'All' } });
    const exports = [{ name: 'kept', namespace: 'weir-system' }];
    await world.capture('shop/kept', { podSelector: { matchLabels: { app: 'checkout' } }, exports });
    await isReady('FlowCapture', 'shop/kept', { status: 'True', reason: 'NoFlowsYet' });
    await connect(checkout, payments);
    await flowsBecome('shop/kept', { observed: CONNECTIONS, exported: CONNECTIONS, lost: 0 });
    for (const [at, end] of [() => agent.kill(), () => agent.stop(), () => agent.kill()].entries()) {
      await end();
      await connect(checkout, payments);
      agent = await AgentProcess.start(cluster, 'n1', { bpffs: bpffs.path });
      const count = (at + 2) * CONNECTIONS;
      await flowsBecome('shop/kept', { observed: count, exported: count, lost: 0 });
      expect(flowsIn(file)).toHaveLength(count);
    }
    const { status } = await world.getAgent('n1');
    expect(status?.conditions?.find(({ type }) => type === 'Degraded')).toMatchObject({ status: 'False' });
    await world.deleteCapture('shop/kept');
    await eventually(
      async () => {
        expect(readdirSync(bpffs.path)).not.toContain('weir');
        expect(programs()).toEqual([]);
      },
      { what: 'nothing is kept' },
    );
  });

  test('neither program was refused anything, and no record was faulty', async () => {
    for (const each of [agent, operator]) {
      const refused = (await each.logLines()).filter((line) => JSON.stringify(line).includes('forbidden'));
      expect(refused).toEqual([]);
    }
    const metrics = await agent.metrics();
    for (const what of ['malformed', 'faulty', 'setOverflows']) {
      expect(metrics.get(`weir_agent_events_total{what="${what}"}`)).toBe(0);
    }
  });
});

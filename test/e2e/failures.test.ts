import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldPrograms } from '../support/bpf-held.ts';
import { Api, type KubeObject } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { succeed } from '../support/cluster/helm.ts';
import type { Node } from '../support/cluster/nodes/node.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { Traffic } from '../support/cluster/traffic.ts';
import { Workloads } from '../support/cluster/workload.ts';
import { leave } from '../support/operator/guest.ts';
import { Installation } from '../support/operator/installation.ts';
import { runInPod } from '../support/operator/installed-pods.ts';
import { killProcess, loadedPrograms, processesOf } from '../support/operator/node-processes.ts';
import { whyNoInstallation } from '../support/operator/requirements.ts';
import { OPERATOR_NAMESPACE, type World } from '../support/operator/world.ts';

/** What dies during traffic comes back by itself, what cannot run says why, and what is uninstalled leaves nothing. */

const inCi = process.env['CI'] === 'true';
const missing = whyNoInstallation();
const may = missing === undefined || inCi;
const notOwn = whyNoOwnNodes();
const mayOwn = notOwn === undefined || inCi;
const why = notOwn === undefined ? '' : ` (${notOwn})`;

const CONNECTIONS = 23;
const [PORT, REQUEST, ANSWER] = ['8080', '17', '1009'];
const COUNTED_MILLIS = 40_000;
/** A minute for each of the three levels that it may have reached. */
const RELIEVED_MILLIS = 240_000;
/** Takes what is left of the container's memory up to 94 % of its limit, for twenty seconds, which are two looks of the agent. */
const FILL_MEMORY = `
const { existsSync, readFileSync } = require('node:fs');
const read = (file) => readFileSync('/sys/fs/cgroup/' + file, 'utf8');
const [usage, limit, stat, files] = existsSync('/sys/fs/cgroup/memory.max')
  ? ['memory.current', 'memory.max', 'memory.stat', /^inactive_file (\\d+)$/m]
  : ['memory/memory.usage_in_bytes', 'memory/memory.limit_in_bytes', 'memory/memory.stat', /^total_inactive_file (\\d+)$/m];
const share = () => (Number(read(usage)) - Number(files.exec(read(stat))[1])) / Number(read(limit));
const held = [];
const end = Date.now() + 20_000;
const timer = setInterval(() => {
  while (share() < 0.94) held.push(Buffer.alloc(2 ** 20, 1));
  if (Date.now() > end) clearInterval(timer);
}, 50);
`;
const PODS = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`;

interface AgentPod extends KubeObject {
  readonly spec: {
    readonly containers: readonly { readonly securityContext: { readonly capabilities: object } }[];
  };
}

let cluster: Cluster;
let weir: Installation;
let pinsBefore: readonly string[];
let world: World;
let first: string;
let second: string;
/** From a pod on the first node to one on the second. */
let traffic: Traffic;
/** Ids of the programs that the agents of nodes of one's own held before Weir went. */
let held: readonly number[];

/** What stands in a node's bpffs. */
async function pins(node: Node): Promise<string> {
  return (await node.run(['find', '/sys/fs/bpf', '-mindepth', '1'])).stdout;
}

async function observed(): Promise<number> {
  return (await world.getCapture('shop/all')).status?.flows?.observed ?? 0;
}

async function observedBecomes(count: number): Promise<void> {
  await eventually(
    async () => {
      const { status } = await world.getCapture('shop/all');
      expect(status?.flows).toMatchObject({ observed: count, exported: count, lost: 0 });
    },
    { what: `${count} flows are counted`, timeoutMillis: COUNTED_MILLIS },
  );
}

async function programmedOn(summary: string): Promise<void> {
  await eventually(async () => expect((await world.getCapture('shop/all')).status?.nodes?.summary).toBe(summary), {
    what: `it runs on ${summary} nodes`,
    timeoutMillis: 120_000,
  });
}

describe.runIf(may)(`failures on two real nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    [first = '', second = ''] = cluster.nodeNames;
    pinsBefore = await Promise.all((cluster.nodes ?? []).map(pins));
    weir = await Installation.install(cluster);
    world = weir.world;
    await weir.namespace('shop');
    const shop = new Workloads(new Api(cluster.kubeconfig), 'shop');
    const [client, server] = await Promise.all([
      shop.serve({ name: 'client', node: first, args: ['echo', '9'] }),
      shop.serve({ name: 'server', node: second, args: ['serve', PORT, ANSWER] }),
    ]);
    const address = server.status.podIP ?? '';
    traffic = new Traffic(cluster, { client, address, port: PORT, request: REQUEST, connections: CONNECTIONS });
    await world.capture('shop/all', {});
    await programmedOn('2/2');
  }, 300_000);

  afterAll(() => leave(cluster));

  test.runIf(mayOwn)(`kill -9 of the operator loses no flow and no count${why}`, async () => {
    const before = await observed();
    const connections = await traffic.during(async () => {
      const operator = await killProcess(cluster, 'operator');
      await eventually(async () => expect(await processesOf(cluster, 'operator')).not.toEqual([operator]), {
        what: 'another process took its place',
        timeoutMillis: COUNTED_MILLIS,
      });
      await weir.ready();
    });
    await observedBecomes(before + 2 * connections);
  });

  test.runIf(mayOwn)(`kill -9 of a kubelet neither${why}`, async () => {
    const before = await observed();
    const [node] = weir.nodes;
    if (node === undefined) throw new Error(notOwn);
    const connections = await traffic.during(async () => {
      await node.kubelet.kill();
      await node.kubelet.start();
      await weir.ready();
    });
    expect(connections).toBeGreaterThan(CONNECTIONS);
    await observedBecomes(before + 2 * connections);
  });

  test.runIf(mayOwn)(`kill -9 of an agent neither: the next one goes on with its capture${why}`, async () => {
    const before = await observed();
    const { metadata } = await weir.agentOn(second);
    const connections = await traffic.during(async () => {
      const killed = await killProcess(cluster, 'agent', metadata.uid);
      await eventually(async () => expect(await processesOf(cluster, 'agent')).not.toContain(killed), {
        what: 'another process took its place',
        timeoutMillis: COUNTED_MILLIS,
      });
      await weir.ready();
    });
    await observedBecomes(before + 2 * connections);
    const { status } = await world.getAgent(second);
    expect(status?.conditions?.find(({ type }) => type === 'Degraded')).toMatchObject({ status: 'False' });
    await programmedOn('2/2');
  });

  test('an agent whose memory runs short reports less often, says so, and is not ended', async () => {
    const pod = await weir.agentOn(second);
    const degraded = async () => {
      const { status } = await world.getAgent(second);
      return status?.conditions?.find(({ type }) => type === 'Degraded');
    };
    const before = await observed();
    const overloaded = eventually(
      async () => expect(await degraded()).toMatchObject({ status: 'True', reason: 'Overloaded' }),
      { what: 'it says that it does without something', timeoutMillis: COUNTED_MILLIS },
    );
    await Promise.all([runInPod(cluster, pod, 'exec node -e "$0"', FILL_MEMORY), overloaded]);
    expect((await degraded())?.message).toMatch(
      /^9\d % of its memory \(512 MiB\) was in use: live connections are reported [248] times less often/,
    );
    await traffic.connect();
    await eventually(async () => expect(await degraded()).toMatchObject({ reason: 'AsExpected' }), {
      what: 'it does all again',
      timeoutMillis: RELIEVED_MILLIS,
    });
    await observedBecomes(before + 2 * CONNECTIONS);
    const after = await weir.agentOn(second);
    expect(after.metadata.uid).toBe(pod.metadata.uid);
    expect(after.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual(
      pod.status.containerStatuses?.map(({ restartCount }) => restartCount),
    );
  }, 420_000);

  test('an upgrade of the release rolls the agents and goes on', async () => {
    await weir.upgrade('agent.logLevel=debug');
    await eventually(
      async () => {
        const { stdout } = await cluster.kubectl([
          'rollout',
          'status',
          '-n',
          OPERATOR_NAMESPACE,
          'ds/weir-agent',
          '--timeout=1s',
        ]);
        expect(stdout).toContain('successfully rolled out');
      },
      { what: 'every agent is the new one', timeoutMillis: 120_000 },
    );
    await weir.ready();
    await programmedOn('2/2');
    const before = await observed();
    await traffic.connect();
    await eventually(async () => expect(await observed()).toBeGreaterThanOrEqual(before + 2 * CONNECTIONS), {
      what: 'flows are counted again',
      timeoutMillis: COUNTED_MILLIS,
    });
  });

  test('an agent that lacks a capability: kubectl get fc says 1/2, and why in words', async () => {
    const { metadata, spec } = await world.api.get<AgentPod>(`${PODS}/${(await weir.agentOn(second)).metadata.name}`);
    const { metadata: firstNode } = await world.api.get(`/api/v1/nodes/${first}`);
    await weir.upgrade(`agent.nodeSelector.kubernetes\\.io/hostname=${firstNode.labels?.['kubernetes.io/hostname']}`);
    await eventually(
      async () => expect((await weir.pods('agent')).map(({ spec: { nodeName } }) => nodeName)).toEqual([first]),
      {
        what: 'the second node has no agent',
        timeoutMillis: COUNTED_MILLIS,
      },
    );
    const containers = spec.containers.map((container) => ({
      ...container,
      securityContext: { ...container.securityContext, capabilities: { drop: ['ALL'], add: ['BPF'] } },
    }));
    const lesser = { ...spec, containers, nodeSelector: {} };
    // Had it no controller, the DaemonSet would take it for its own, and away.
    const owner = await world.api.create(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'lesser' },
    });
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'lesser', uid: owner.metadata.uid ?? '', controller: true },
    ];
    await world.api.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'lesser', labels: metadata.labels, ownerReferences },
      spec: lesser,
    });
    await eventually(
      async () => {
        const { status } = await world.getCapture('shop/all');
        expect(status?.conditions?.find(({ type }) => type === 'Programmed')).toMatchObject({
          status: 'False',
          reason: 'ProgramFailed',
          message: expect.stringMatching(/CAP_PERFMON/),
        });
      },
      { what: 'the capture says why', timeoutMillis: 120_000 },
    );
    await eventually(
      async () => {
        const row = (await world.kubectl('get', 'fc', '-n', 'shop', 'all')).trim().split('\n').at(-1);
        expect(row?.split(/\s{2,}/).slice(0, 5)).toEqual(['all', 'False', 'ProgramFailed', '2', '1/2']);
      },
      { what: 'kubectl get says it', timeoutMillis: COUNTED_MILLIS },
    );
    await world.kubectl('delete', 'pod/lesser', 'cm/lesser', '-n', OPERATOR_NAMESPACE);
    await weir.upgrade();
    await programmedOn('2/2');
  }, 300_000);

  test('uninstalled it leaves no pod or secret, and nothing that holds a delete up', async () => {
    held = (await processesOf(cluster, 'agent')).flatMap(heldPrograms);
    await succeed(weir.helm('uninstall', 'weir', '--namespace', OPERATOR_NAMESPACE, '--wait', '--timeout', '2m'));
    await eventually(async () => expect(await world.api.list(PODS)).toEqual([]), {
      what: 'the pods are gone',
      timeoutMillis: 60_000,
    });
    expect(await world.api.list(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/secrets`)).toEqual([]);
    // People's objects are theirs; the kinds go when somebody deletes them, and at once.
    expect(await world.kubectl('get', 'fc', '-n', 'shop', '-o', 'name')).toContain('all');
    const crds = ['flowcaptures', 'flowexports', 'flowagents'].map((plural) => `crd/${plural}.weir.dev`);
    await world.kubectl('delete', ...crds, '--timeout=20s');
  }, 300_000);

  test.runIf(mayOwn)(`and its nodes hold no process, program, map or pin of it${why}`, async () => {
    expect(held.length).toBeGreaterThan(0);
    expect(await processesOf(cluster, 'agent')).toEqual([]);
    expect(await Promise.all(weir.nodes.map(pins))).toEqual(pinsBefore);
    const loaded = await loadedPrograms();
    expect(held.filter((id) => loaded.has(id))).toEqual([]);
    expect(readdirSync('/sys/fs/bpf')).not.toContain('weir');
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Api } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { writeImage } from '../support/cluster/images/archive.ts';
import type { Node } from '../support/cluster/nodes/node.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { Workloads } from '../support/cluster/workload.ts';

const missing = whyNoOwnNodes();
const may = missing === undefined || process.env['CI'] === 'true';

const PORT = '8080';
/** Different lengths: a client sees which of the two servers has answered. */
const [FIRST_BYTES, SECOND_BYTES] = [1_009, 2_003];
const SERVICE = '198.19.0.50';

describe.runIf(may)(`a cluster with two nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  let cluster: Cluster;
  let api: Api;
  let workloads: Workloads;
  let first: Node;
  let second: Node;
  /** Of the server on the second node. */
  let secondIp: string;

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    api = new Api(cluster.kubeconfig);
    workloads = new Workloads(api);
    const [one, two] = cluster.nodes ?? [];
    if (one === undefined || two === undefined) throw new Error('the cluster has no nodes');
    [first, second] = [one, two];
    const labels = { app: 'server' };
    const [, pod] = await Promise.all([
      workloads.serve({ name: 'first', node: first.name, args: ['serve', PORT, `${FIRST_BYTES}`], labels }),
      workloads.serve({ name: 'second', node: second.name, args: ['serve', PORT, `${SECOND_BYTES}`], labels }),
    ]);
    secondIp = pod.status.podIP ?? '';
  });
  afterAll(() => cluster?.stop());

  /** How many connections of a client in this pod got an answer of each length. */
  async function connect(pod: string, address: string, connections: number): Promise<Record<string, number>> {
    const client = ['/traffic', 'connect', address, PORT, `${connections}`, '17'];
    const { status, stdout, stderr } = await cluster.kubectl(['exec', pod, '--', ...client]);
    if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
    return lengthsOf(stdout);
  }

  it('says that both are ready', async () => {
    const nodes = await cluster.kubectl(['get', 'nodes', '--no-headers', '-o', 'wide']);
    const rows = nodes.stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split(/\s+/));
    expect(rows.map(([name, ready, , , , address]) => [name, ready, address])).toEqual([
      ['node1', 'Ready', '198.18.255.1'],
      ['node2', 'Ready', '198.18.255.2'],
    ]);
    expect([first.address, second.address]).toEqual(['198.18.255.1', '198.18.255.2']);
  });

  it('carries connections from pod to pod, on one node and over two', async () => {
    expect(await connect('first', secondIp, 23)).toEqual({ [SECOND_BYTES]: 23 });
    expect(await connect('second', secondIp, 23)).toEqual({ [SECOND_BYTES]: 23 });
  });

  it('spreads the connections to a Service over the pods of both nodes, from pods and from a node', async () => {
    const spec = { clusterIP: SERVICE, selector: { app: 'server' }, ports: [{ port: Number(PORT) }] };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'server' }, spec };
    await api.create('/api/v1/namespaces/default/services', service);
    const both = [`${FIRST_BYTES}`, `${SECOND_BYTES}`];
    for (const pod of ['first', 'second']) {
      const answers = await eventually(() => connect(pod, SERVICE, 53), { what: `${pod} reaches the Service` });
      expect(Object.keys(answers)).toEqual(both);
      expect(sum(answers)).toBe(53);
    }
    const program = join(cluster.folder, 'images', 'traffic');
    const { stdout } = await first.run([program, 'connect', SERVICE, PORT, '53', '17']);
    expect(Object.keys(lengthsOf(stdout))).toEqual(both);
  });

  it('lets pods and nodes reach the API server by its Service', async () => {
    const client = ['connect', '198.19.0.1', '443', '1', '0'];
    const fromPod = await cluster.kubectl(['exec', 'second', '--', '/traffic', ...client]);
    expect(fromPod).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+ sent 0 received \d+\n$/) });
    const fromNode = await second.run([join(cluster.folder, 'images', 'traffic'), ...client]);
    expect(fromNode).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+ sent 0 received \d+\n$/) });
  });

  it('runs clients to their end: their words are the log, their status the phase', async () => {
    await workloads.create({ name: 'client', node: first.name, args: ['connect', secondIp, PORT, '23', '70001'] });
    await workloads.create({ name: 'refused', node: first.name, args: ['connect', secondIp, '9', '1', '1'] });
    await workloads.until('client', 'the client has succeeded', ({ phase }) => phase === 'Succeeded');
    const log = await cluster.kubectl(['logs', 'client']);
    expect(log.stdout.match(/^\d+ sent 70001 received 2003$/gm)).toHaveLength(23);
    const refused = await workloads.until('refused', 'the client has failed', ({ phase }) => phase === 'Failed');
    expect(refused.status.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(1);
    expect((await cluster.kubectl(['logs', 'refused'])).stdout).toBe('traffic: connect: Connection refused\n');
  });

  it('shows where the cgroups of the pods of each node are', async () => {
    for (const [name, node] of [
      ['first', first],
      ['second', second],
    ] as const) {
      const { metadata } = await workloads.get(name);
      expect(existsSync(join(node.podsCgroup, 'kubepods', 'besteffort', `pod${metadata.uid}`))).toBe(true);
    }
  });

  it('keeps what nodes do to the kernel from each other and from the machine', async () => {
    const [pinned, setting] = ['/sys/fs/bpf/of-first', '/proc/sys/kernel/panic'];
    const before = readFileSync(setting, 'utf8');
    expect(await first.run(['sh', '-c', `mkdir ${pinned}; cat ${setting}`])).toMatchObject({ stdout: '10\n' });
    await first.run(['sh', '-c', `echo 11 >${setting}`]);
    expect((await first.run(['cat', setting])).stdout).toBe('11\n');
    expect((await second.run(['cat', setting])).stdout).toBe('10\n');
    expect((await second.run(['test', '-e', pinned])).status).toBe(1);
    expect(existsSync(pinned)).toBe(false);
    expect(readFileSync(setting, 'utf8')).toBe(before);
  });

  it('takes an image in on one node alone', async () => {
    const image = 'registry.test/mine:1';
    const archive = join(cluster.folder, 'mine.tar');
    await writeImage(image, join(cluster.folder, 'images', 'traffic'), archive);
    await first.importImage(archive);
    await workloads.serve({ name: 'with-image', node: first.name, args: ['echo', PORT], image });
    await workloads.create({ name: 'without-image', node: second.name, args: ['echo', PORT], image });
    const missed = await workloads.until('without-image', 'the image is missed', ({ containerStatuses }) =>
      containerStatuses?.some(({ state }) => state.waiting?.reason === 'ErrImageNeverPull'),
    );
    expect(missed.status.phase).toBe('Pending');
  });

  it.each(['kubelet', 'containerd'] as const)('keeps its pods when %s is killed and started again', async (name) => {
    const service = second[name];
    const before = await workloads.get('second');
    const pid = service.pid;
    await service.kill();
    expect(service.pid).toBeUndefined();
    await expect(connect('second', secondIp, 1)).rejects.toThrow('status 1');
    expect(await connect('first', secondIp, 23)).toEqual({ [SECOND_BYTES]: 23 });

    await service.start();
    expect(service.pid).not.toBe(pid);
    const what = 'commands run in its pods again';
    expect(await eventually(() => connect('second', secondIp, 23), { what })).toEqual({ [SECOND_BYTES]: 23 });
    const { metadata, status } = await workloads.get('second');
    expect(metadata.uid).toBe(before.metadata.uid);
    expect(status.containerStatuses?.[0]).toMatchObject({
      containerID: before.status.containerStatuses?.[0]?.containerID,
      restartCount: 0,
    });
  });

  it('keeps its pods and nodes when the API server is killed and started again', async () => {
    await cluster.killApiServer();
    await expect(api.ready()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await cluster.startApiServer();
    const what = 'commands run in pods again';
    expect(await eventually(() => connect('first', secondIp, 23), { what })).toEqual({ [SECOND_BYTES]: 23 });
    const { status } = await workloads.get('second');
    expect(status.containerStatuses?.[0]).toMatchObject({ ready: true, restartCount: 0 });
  });

  it('can be one that runs already: its nodes are counted, and are not for guests', async () => {
    vi.stubEnv('WEIR_TEST_KUBECONFIG', cluster.kubeconfig);
    try {
      const guest = await startCluster({ nodes: 2 });
      expect([guest.nodes, guest.nodeNames]).toEqual([undefined, ['node1', 'node2']]);
      await guest.stop();
      await expect(startCluster({ nodes: 3 })).rejects.toThrow('3 nodes that take pods are needed, and 2');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('misses a node that is off, and takes it back with its pods started anew', async () => {
    const before = await workloads.get('second');
    const pinned = '/sys/fs/bpf/pinned';
    expect((await second.run(['mkdir', pinned])).status).toBe(0);
    await second.powerOff();
    expect(existsSync(second.podsCgroup)).toBe(false);
    await expect(async () => second.run(['true'])).rejects.toThrow('node2 is off');
    await workloads.until('second', 'the pod is known to be unready', ({ conditions }) =>
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'False'),
    );

    await second.powerOn();
    const after = await workloads.untilReady('second');
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.status.containerStatuses?.[0]?.restartCount).toBe(1);
    expect(await connect('first', after.status.podIP ?? '', 23)).toEqual({ [SECOND_BYTES]: 23 });
    expect((await second.run(['test', '-e', pinned])).status).toBe(1);
  });
});

function lengthsOf(stdout: string): Record<string, number> {
  const lengths: Record<string, number> = {};
  for (const [, received = ''] of stdout.matchAll(/^\d+ sent 17 received (\d+)$/gm)) {
    lengths[received] = (lengths[received] ?? 0) + 1;
  }
  return lengths;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

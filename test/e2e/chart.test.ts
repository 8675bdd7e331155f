import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type Helm, helmFor } from '../support/cluster/helm.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { Workloads } from '../support/cluster/workload.ts';
import { weirImage } from '../support/image/image.ts';
import { whyNoImage } from '../support/image/requirements.ts';
import { agentPods, installChart } from '../support/operator/chart.ts';
import { OPERATOR_NAMESPACE, type World } from '../support/operator/world.ts';

/** The chart with the image on real nodes: from `helm install` to flows, and to nothing again. */

const missing = whyNoOwnNodes() ?? whyNoImage();
const may = missing === undefined || process.env['CI'] === 'true';

const NODES = ['node1', 'node2'];
const CONNECTIONS = 23;
const FILE = '/var/log/weir/flows.ndjson';
/** BPF is bit 39, PERFMON bit 38. */
const CAPABILITIES = '000000c000000000';

describe.runIf(may)(`the chart on real nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  let cluster: Cluster;
  let helm: Helm;
  let world: World;
  let agent: string;

  beforeAll(async () => {
    const { archive, tag: image } = await weirImage();
    const [repository, tag] = image.split(':');
    cluster = await startCluster({ nodes: NODES.length });
    await Promise.all((cluster.nodes ?? []).map((node) => node.importImage(archive)));
    helm = await helmFor(cluster);
    const values = `image.repository=${repository},image.tag=${tag},image.pullPolicy=Never`;
    world = await installChart(cluster, helm, '--set', values, '--wait', '--timeout', '50s');
    [{ name: agent } = { name: '' }] = await agentPods(world, NODES);
  });
  afterAll(() => cluster?.stop());

  /** Runs a shell command in the container of an agent. */
  function inAgent(command: string) {
    return cluster.kubectl(['exec', '-n', OPERATOR_NAMESPACE, agent, '--', 'sh', '-c', command]);
  }

  /** The flow.id of each record on each node, sorted. */
  async function flowIds(): Promise<string[][]> {
    const texts = await Promise.all((cluster.nodes ?? []).map((node) => node.run(['cat', FILE])));
    return texts.map(({ stdout }) =>
      stdout
        .trimEnd()
        .split('\n')
        .map((line): string => JSON.parse(line)['flow.id'])
        .toSorted((a, b) => a.localeCompare(b)),
    );
  }

  it('brings every connection to a file on each of its two nodes, under one flow.id', async () => {
    const workloads = new Workloads(world.api);
    const [{ status }] = await Promise.all([
      workloads.serve({ name: 'server', node: 'node2', args: ['serve', '8080', '1009'] }),
      // Before the client comes, its node captures already.
      workloads.serve({ name: 'idle', node: 'node1', args: ['serve', '8080', '1009'] }),
    ]);
    await world.export('weir-system/archive', { file: { path: FILE }, allowedNamespaces: { from: 'All' } });
    await world.capture('default/everything', { exports: [{ name: 'archive', namespace: 'weir-system' }] });
    const programmed = async () => {
      const { nodes } = (await world.getCapture('default/everything')).status ?? {};
      expect(nodes?.summary).toBe('2/2');
    };
    await eventually(programmed, { what: 'both nodes capture', timeoutMillis: 20_000 });

    const args = ['connect', status.podIP ?? '', '8080', `${CONNECTIONS}`, '17'];
    await workloads.create({ name: 'client', node: 'node1', args });
    await workloads.until('client', 'the client has succeeded', ({ phase }) => phase === 'Succeeded');
    const counted = async () => {
      const { flows } = (await world.getCapture('default/everything')).status ?? {};
      expect(flows).toMatchObject({ observed: 2 * CONNECTIONS, exported: 2 * CONNECTIONS, lost: 0 });
    };
    await eventually(counted, { what: 'both ends of every connection are counted', timeoutMillis: 40_000 });
    const [client = [], server] = await flowIds();
    expect(new Set(client).size).toBe(CONNECTIONS);
    expect(server).toEqual(client);
  });

  it('gives an agent what docs/security.md says, and no more', async () => {
    const { stdout } = await inAgent('cat /proc/self/status; id -u');
    expect(stdout).toMatch(
      new RegExp(`^CapPrm:\\t${CAPABILITIES}\\nCapEff:\\t${CAPABILITIES}\\nCapBnd:\\t${CAPABILITIES}$`, 'm'),
    );
    expect(stdout).toMatch(/^NoNewPrivs:\t1\nSeccomp:\t2$/m);
    expect(stdout).toMatch(/^0\n$/m);
    const cgroup2 = `$(grep ' /host/cgroup.* - cgroup2 ' /proc/self/mountinfo | cut -d ' ' -f 5)`;
    for (const place of ['/x', '/etc/weir/flow-id/x', '/host/cgroup/x', `${cgroup2}/x`]) {
      const { status, stderr } = await inAgent(`mkdir "${place}"`);
      expect([place, status, stderr]).toEqual([place, 1, expect.stringContaining('Read-only file system')]);
    }
    expect(await inAgent('mkdir /var/log/weir/x && rmdir /var/log/weir/x')).toMatchObject({ status: 0, stderr: '' });
  });

  it('leaves nothing that is at work, and nothing that keeps the kinds', async () => {
    const { status, stderr } = await helm('uninstall', 'weir', '--namespace', OPERATOR_NAMESPACE, '--timeout', '50s');
    expect([status, stderr]).toEqual([0, expect.stringContaining('Weir is at rest: it can be removed')]);
    expect(stderr).toContain('2 agents have let go of their kernel programs');
    const rest = ['jobs,deployments,daemonsets,serviceaccounts,roles,rolebindings', '-n', OPERATOR_NAMESPACE];
    expect(await world.kubectl('get', ...rest, '-o', 'name')).toBe('serviceaccount/default\n');
    const wide = await world.kubectl(
      'get',
      'clusterroles,clusterrolebindings,validatingadmissionpolicies',
      '-o',
      'name',
    );
    expect(wide).not.toContain('weir');
    expect((await world.getCapture('default/everything')).status?.flows?.observed).toBe(2 * CONNECTIONS);
    await world.kubectl('delete', '-f', 'crds/', '--timeout=20s');
  });
});

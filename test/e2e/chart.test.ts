import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { Workloads } from '../support/cluster/workload.ts';
import { leave } from '../support/operator/guest.ts';
import { Installation } from '../support/operator/installation.ts';
import { whyNoInstallation } from '../support/operator/requirements.ts';
import { OPERATOR_NAMESPACE } from '../support/operator/world.ts';

/** The chart with the image on real nodes: what its pods may do there, and how it goes. */

const missing = whyNoInstallation();
const may = missing === undefined || process.env['CI'] === 'true';

/** BPF is bit 39, PERFMON bit 38. */
const CAPABILITIES = '000000c000000000';

describe.runIf(may)(`the chart on real nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  let cluster: Cluster;
  let weir: Installation;
  let nodes: readonly string[];

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    weir = await Installation.install(cluster);
    nodes = cluster.nodeNames;
    await weir.namespace('shop');
    const shop = new Workloads(weir.world.api, 'shop');
    const server = { args: ['serve', '8080', '1009'] };
    await Promise.all(nodes.map((node, at) => shop.serve({ name: `server-${at + 1}`, node, ...server })));
    await weir.world.capture('shop/everything');
  });
  afterAll(() => leave(cluster));

  /** Runs a shell command in the container of an agent. */
  async function inAgent(command: string) {
    const { metadata } = await weir.agentOn(nodes[0] ?? '');
    return cluster.kubectl(['exec', '-n', OPERATOR_NAMESPACE, metadata.name, '--', 'sh', '-c', command]);
  }

  it('gives an agent what docs/security.md says, and no more', async () => {
    const { stdout } = await inAgent('cat /proc/self/status; id -u');
    const lines = stdout.split('\n');
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(lines).toContain(`${set}:\t${CAPABILITIES}`);
    for (const line of ['NoNewPrivs:\t1', 'Seccomp:\t2', '0']) expect(lines).toContain(line);
    const cgroup2 = `$(grep ' /host/cgroup.* - cgroup2 ' /proc/self/mountinfo | cut -d ' ' -f 5)`;
    for (const place of ['/x', '/etc/weir/flow-id/x', '/host/cgroup/x', `${cgroup2}/x`]) {
      const { status, stderr } = await inAgent(`mkdir "${place}"`);
      expect([place, status, stderr]).toEqual([place, 1, expect.stringContaining('Read-only file system')]);
    }
    expect(await inAgent('mkdir /var/log/weir/x && rmdir /var/log/weir/x')).toMatchObject({ status: 0, stderr: '' });
  });

  it('leaves nothing that is at work, and nothing that keeps the kinds', async () => {
    const { helm, world } = weir;
    const attached = [['tcp', 'Attached']];
    await eventually(async () => expect(await weir.programs()).toEqual([attached, attached]), {
      what: 'both nodes capture',
      timeoutMillis: 60_000,
    });
    const { status, stderr } = await helm('uninstall', 'weir', '--namespace', OPERATOR_NAMESPACE, '--timeout', '50s');
    expect([status, stderr]).toEqual([0, expect.stringContaining('Weir is at rest: it can be removed')]);
    expect(stderr).toContain(`${weir.agents} agents have let go of their kernel programs`);
    expect(await weir.programs()).toEqual([[], []]);
    const rest = ['jobs,deployments,daemonsets,serviceaccounts,roles,rolebindings', '-n', OPERATOR_NAMESPACE];
    expect(await world.kubectl('get', ...rest, '-o', 'name')).toBe('serviceaccount/default\n');
    const wide = 'clusterroles,clusterrolebindings,validatingadmissionpolicies';
    expect(await world.kubectl('get', wide, '-o', 'name')).not.toContain('weir');
    expect((await world.getCapture('shop/everything')).metadata.name).toBe('everything');
    await world.kubectl('delete', '-f', 'crds/', '--timeout=20s');
  });
});

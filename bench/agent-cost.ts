/** What an agent costs its node: memory and CPU while nothing happens, and CPU per record, in a cluster of 5,000 pods. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../test/support/cluster/cluster.ts';
import { eventually } from '../test/support/cluster/eventually.ts';
import { Lab } from '../test/support/lab/lab.ts';
import type { NetNs } from '../test/support/lab/netns.ts';
import type { Pod } from '../test/support/lab/pod.ts';
import { AgentProcess } from '../test/support/operator/agent-process.ts';
import { OperatorProcess } from '../test/support/operator/operator-process.ts';
import { World } from '../test/support/operator/world.ts';
import { inParallel } from './support/in-parallel.ts';
import type { Bench } from './support/measure.ts';
import { cpuMillis, peakRssBytes, rssBytes } from './support/process-cost.ts';
import { load, startNginx } from './support/web.ts';

const NODES = 50;
const PODS = 5_000;
const NAMESPACES = 100;
const PORT = 8081;
const IDLE_SECONDS = 20;
const ROUNDS = 7;
const ROUND_SECONDS = 2;
const RSS_MEBIBYTES = 110;
const IDLE_SHARE = 1;
const MEBIBYTE = 2 ** 20;
/** Longer than drain, batch and file together. */
const DRAIN_MILLIS = 1_000;
const BUNDLE = 'dist/lib/weir.js';

export const agentCost: Bench = async (progress) => {
  progress('the bundle is built');
  execFileSync(process.execPath, ['scripts/bundle.ts'], { stdio: 'ignore' });
  await using cluster = await startCluster({ controllers: false });
  await using lab = await Lab.create('agent-cost');
  const world = await World.install(cluster);
  progress(`${NODES} nodes and ${PODS} pods are made`);
  await populate(world);
  const network = await lab.netns('web');
  await network.run(['sh', '-c', 'echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range']);
  const client = await placed(world, lab, network, 'ns-0/pod-0');
  const server = await placed(world, lab, network, 'ns-50/pod-50');
  await startNginx(server, lab.temporary, PORT);
  await using operator = await OperatorProcess.start(cluster);
  await using agent = await AgentProcess.start(cluster, 'node-0', { program: BUNDLE });
  const pid = agent.pid ?? 0;
  const idle = await costOfIdleness(pid, progress, 'without a capture');
  const file = join(cluster.folder, 'flows.ndjson');
  await world.export('weir-system/file', { file: { path: file }, allowedNamespaces: { from: 'All' } });
  await world.capture('weir-system/all', { namespaceSelector: {}, exports: [{ name: 'file' }] });
  await eventually(
    async () => {
      const { status } = await world.getAgent('node-0');
      if (status?.programs?.[0]?.state !== 'Attached') throw new Error('no program is attached');
    },
    { what: 'the capture runs', timeoutMillis: 30_000 },
  );
  const capturing = await costOfIdleness(pid, progress, 'with a capture, no traffic');
  const rounds: { readonly micros: number; readonly perSecond: number }[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`traffic, round ${round} of ${ROUNDS}`);
    const before = cpuMillis(pid);
    const { requests } = await load(client, PORT, 'close', ROUND_SECONDS);
    await pause(DRAIN_MILLIS);
    rounds.push({
      micros: ((cpuMillis(pid) - before) * 1000) / (2 * requests),
      perSecond: (2 * requests) / ROUND_SECONDS,
    });
  }
  const metrics = await agent.metrics();
  const exported = metrics.get('weir_agent_flows_total{capture="weir-system/all",what="exported"}') ?? 0;
  const observed = metrics.get('weir_agent_flows_total{capture="weir-system/all",what="observed"}') ?? 0;
  if (operator.failure !== undefined) throw new Error(operator.failure);
  return {
    measures: [
      {
        name: 'idle, without a capture: memory (RSS)',
        unit: 'MiB',
        values: [idle.rss],
        target: { atMost: RSS_MEBIBYTES },
      },
      {
        name: 'idle, without a capture: CPU of one core',
        unit: '%',
        values: [idle.share],
        target: { atMost: IDLE_SHARE },
      },
      {
        name: 'idle, with a capture: memory (RSS)',
        unit: 'MiB',
        values: [capturing.rss],
        target: { atMost: RSS_MEBIBYTES },
      },
      {
        name: 'idle, with a capture: CPU of one core',
        unit: '%',
        values: [capturing.share],
        target: { atMost: IDLE_SHARE },
      },
      { name: 'under load: records', unit: 'records/s', values: rounds.map(({ perSecond }) => perSecond) },
      {
        name: 'under load: CPU per record, exported to a file',
        unit: 'µs',
        values: rounds.map(({ micros }) => micros),
      },
      { name: 'under load: most memory (peak RSS)', unit: 'MiB', values: [peakRssBytes(pid) / MEBIBYTE] },
    ],
    notes: [
      `${NODES} nodes, ${PODS} pods in ${NAMESPACES} namespaces, ${PODS / NODES} of them on the agent's node: plain objects of a real API server; two pods have processes, nginx and wrk over loopback, one connection a request`,
      `the bundled program, as the image has it; idle is over ${IDLE_SECONDS} s, in steps of 10 ms`,
      `${observed} records observed, ${exported} exported`,
      "RSS holds the ring of 8 MiB, which is mapped; the other maps (join 4 MiB, some 450 B for each open connection) are the kernel's, and charged to the container beside it",
    ],
  };
};

/** The two pods that have processes are on node-0. */
async function populate(world: World): Promise<void> {
  await inParallel(NAMESPACES, (at) => world.namespace(`ns-${at}`));
  await inParallel(NODES, (at) => world.node(`node-${at}`));
  await inParallel(PODS, (at) =>
    world.unreadyPod(`ns-${at % NAMESPACES}/pod-${at}`, `node-${at % NODES}`, { app: 'app' }),
  );
}

/** Where a kubelet would put the pod's processes. Both have one network. */
async function placed(world: World, lab: Lab, netns: NetNs, key: string): Promise<Pod> {
  const [namespace = '', name = ''] = key.split('/');
  const { metadata } = await world.api.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
  const cgroup = `kubepods/burstable/pod${metadata.uid}/${'c'.repeat(64)}`;
  return lab.pod(name, { cgroup, netns });
}

async function costOfIdleness(pid: number, progress: (text: string) => void, how: string) {
  progress(`idle for ${IDLE_SECONDS} s, ${how}`);
  await pause(DRAIN_MILLIS);
  const before = cpuMillis(pid);
  await pause(IDLE_SECONDS * 1000);
  return { share: (cpuMillis(pid) - before) / (IDLE_SECONDS * 10), rss: rssBytes(pid) / MEBIBYTE };
}

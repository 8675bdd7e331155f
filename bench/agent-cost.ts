/** What an agent costs its node: memory and CPU while nothing happens, and CPU per record, in a cluster of 5,000 pods. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../test/support/cluster/cluster.ts';
import { Lab } from '../test/support/lab/lab.ts';
import { AgentProcess } from '../test/support/operator/agent-process.ts';
import { OperatorProcess } from '../test/support/operator/operator-process.ts';
import { World } from '../test/support/operator/world.ts';
import { buildBundle } from './support/bundle.ts';
import { captureRuns } from './support/capture-runs.ts';
import { inParallel } from './support/in-parallel.ts';
import type { Bench, Measure } from './support/measure.ts';
import { placedPod } from './support/placed-pod.ts';
import { cpuMillis, peakRssBytes, rssBytes } from './support/process-cost.ts';
import { allSettled } from './support/settled-counts.ts';
import { UNLIMITED } from './support/unlimited.ts';
import { load, startNginx } from './support/web.ts';

const NODES = 50;
const PODS = 5_000;
const NAMESPACES = 100;
const PORT = 8081;
const IDLE_SECONDS = 20;
const ROUNDS = 7;
/** In a second that follows, and is counted, the agent exports what is left. */
const ROUND_SECONDS = 4;
/** A connection is two records. */
const RATES: readonly { readonly name: string; readonly perSecond?: number }[] = [
  { name: '5,000 a second', perSecond: 2_500 },
  { name: '20,000 a second', perSecond: 10_000 },
  { name: 'as many as there can be' },
];
const RECORD_MICROS = 4;
const RSS_MEBIBYTES = 110;
const IDLE_SHARE = 1;
const MEBIBYTE = 2 ** 20;
/** Longer than drain, batch and file together. */
const DRAIN_MILLIS = 1_000;

interface Round {
  readonly micros: number;
  readonly perSecond: number;
}

export const agentCost: Bench = async (progress) => {
  progress('the bundle is built');
  const program = buildBundle();
  await using cluster = await startCluster({ controllers: false });
  await using lab = await Lab.create('agent-cost');
  const world = await World.install(cluster);
  progress(`${NODES} nodes and ${PODS} pods are made`);
  await populate(world);
  const network = await lab.netns('web');
  await network.allowAllPorts();
  const client = await placedPod(world, lab, network, 'ns-0/pod-0');
  const server = await placedPod(world, lab, network, 'ns-50/pod-50');
  await startNginx(server, lab.temporary, PORT);
  await using operator = await OperatorProcess.start(cluster);
  await using agent = await AgentProcess.startAsInPod(cluster, 'node-0', { program });
  const pid = agent.pid ?? 0;
  const idle = await costOfIdleness(pid, progress, 'without a capture');
  const file = join(cluster.folder, 'flows.ndjson');
  await world.export('weir-system/file', { file: { path: file }, allowedNamespaces: { from: 'All' } });
  await world.capture('weir-system/all', { ...UNLIMITED, namespaceSelector: {}, exports: [{ name: 'file' }] });
  await captureRuns(world, 'node-0');
  const capturing = await costOfIdleness(pid, progress, 'with a capture, no traffic');
  const rounds = new Map<string, Round[]>(RATES.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`traffic, round ${round} of ${ROUNDS}`);
    for (const { name, perSecond } of RATES) {
      const before = cpuMillis(pid);
      const { requests } = await load(client, PORT, 'close', ROUND_SECONDS, { perSecond });
      await pause(DRAIN_MILLIS);
      rounds.get(name)?.push({
        micros: ((cpuMillis(pid) - before) * 1000) / (2 * requests),
        perSecond: (2 * requests) / ROUND_SECONDS,
      });
    }
  }
  const { observed, exported, lost } = await allSettled(agent, 'weir-system/all');
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
      ...[...rounds].flatMap(([name, values]): Measure[] => [
        { name: `${name}: records`, unit: 'records/s', values: values.map(({ perSecond }) => perSecond) },
        {
          name: `${name}: CPU per record, exported to a file`,
          unit: 'µs',
          values: values.map(({ micros }) => micros),
          target: { atMost: RECORD_MICROS },
        },
      ]),
      { name: 'under load: most memory (peak RSS)', unit: 'MiB', values: [peakRssBytes(pid) / MEBIBYTE] },
    ],
    notes: [
      `${NODES} nodes, ${PODS} pods in ${NAMESPACES} namespaces, ${PODS / NODES} of them on the agent's node: plain objects of a real API server; two pods have processes, nginx and wrk over loopback, one connection a request`,
      `the bundled program with a service account, as in a pod; idle is over ${IDLE_SECONDS} s, in steps of 10 ms`,
      `${observed} records observed, ${exported} exported, ${lost} lost`,
      "with a capture, RSS holds 16 MiB that are the ring of 8 MiB, which is mapped twice in a row; the maps themselves (12.7 MiB with the programs, and what open connections cost) are the kernel's, and charged to the container once",
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

async function costOfIdleness(pid: number, progress: (text: string) => void, how: string) {
  progress(`idle for ${IDLE_SECONDS} s, ${how}`);
  await pause(DRAIN_MILLIS);
  const before = cpuMillis(pid);
  await pause(IDLE_SECONDS * 1000);
  return { share: (cpuMillis(pid) - before) / (IDLE_SECONDS * 10), rss: rssBytes(pid) / MEBIBYTE };
}

/** What the operator costs as a cluster grows: its first look at everything, one pod's change, its memory. */
import { setTimeout as pause } from 'node:timers/promises';
import { AGENT_POD_LABELS } from '../src/api/names.ts';
import { counterIntervalMillis } from '../src/operator/runtime/counter-interval.ts';
import { startCluster } from '../test/support/cluster/cluster.ts';
import { eventually } from '../test/support/cluster/eventually.ts';
import { OperatorProcess } from '../test/support/operator/operator-process.ts';
import { OPERATOR_NAMESPACE, World } from '../test/support/operator/world.ts';
import { inParallel } from './support/in-parallel.ts';
import type { Bench, Measure } from './support/measure.ts';
import { cpuMillis, rssBytes } from './support/process-cost.ts';

interface Size {
  readonly nodes: number;
  readonly pods: number;
  readonly captures: number;
}

const SIZES: readonly Size[] = [
  { nodes: 100, pods: 1_000, captures: 20 },
  { nodes: 300, pods: 3_000, captures: 60 },
  { nodes: 1_000, pods: 10_000, captures: 200 },
];
const NAMESPACES = 20;
const CHANGES = 211;
const POD_CHANGE_MILLIS = 5;
const RSS_MEBIBYTES = 400;
const MEBIBYTE = 2 ** 20;
const GRACE_MILLIS = 2_000;
const PATIENCE_MILLIS = 600_000;

export const operatorScale: Bench = async (progress) => {
  const measures: Measure[] = [];
  const first: number[] = [];
  for (const size of SIZES) {
    const { nodes, pods, captures } = size;
    const found = await measure(size, progress);
    const last = size === SIZES.at(-1);
    const name = (what: string) => `${nodes} nodes, ${pods} pods, ${captures} captures: ${what}`;
    measures.push(
      { name: name('start to every plan and status'), unit: 's', values: [found.firstSeconds] },
      {
        name: name("one pod's change, CPU"),
        unit: 'ms',
        values: [found.changeMillis],
        ...(last && { target: { atMost: POD_CHANGE_MILLIS } }),
      },
      { name: name('status seen after the change'), unit: 'ms', values: found.seenMillis },
      {
        name: name('memory (RSS)'),
        unit: 'MiB',
        values: [found.rssMebibytes],
        ...(last && { target: { atMost: RSS_MEBIBYTES } }),
      },
    );
    first.push(found.firstSeconds);
  }
  const growth = SIZES.map(({ nodes }, at) => `${nodes} nodes ${((first[at] ?? 0) / (first[0] ?? 1)).toFixed(1)} ×`);
  return {
    measures,
    notes: [
      'nodes, pods and captures are plain objects of a real API server on the same two cores, which takes its share of each time',
      `growth of the first look: ${growth.join(', ')}`,
      `one pod's change: ${CHANGES} changes of a label that a capture selects by, each waited for; CPU is the operator process's user and system time, divided`,
      'memory is that of the program from source; the bundled one is smaller',
    ],
  };
};

interface Found {
  readonly firstSeconds: number;
  readonly changeMillis: number;
  readonly seenMillis: readonly number[];
  readonly rssMebibytes: number;
}

async function measure(size: Size, progress: (text: string) => void): Promise<Found> {
  await using cluster = await startCluster({ controllers: false });
  const world = await World.install(cluster);
  progress(`${size.nodes} nodes and ${size.pods} pods are made`);
  await populate(world, size);
  progress('the operator starts');
  const began = performance.now();
  await using operator = await OperatorProcess.start(cluster);
  await eventually(
    async () => {
      const agents = await world.agents();
      if (agents.length < size.nodes) throw new Error(`${agents.length} plans`);
      const statuses = JSON.parse(
        await world.kubectl('get', 'fc', '-A', '-o', 'jsonpath=[{range .items[*]}{.status.matchedPods},{end}0]'),
      );
      if (statuses.length <= size.captures) throw new Error(`${statuses.length} statuses`);
    },
    { what: 'every plan and status is there', timeoutMillis: PATIENCE_MILLIS },
  );
  await eventually(async () => idle(operator), { what: 'the queues are empty', timeoutMillis: PATIENCE_MILLIS });
  const firstSeconds = (performance.now() - began) / 1000;
  progress(`first look: ${firstSeconds.toFixed(1)} s; ${CHANGES} changes of a pod follow`);
  await quiet(operator, counterIntervalMillis(size.captures) + GRACE_MILLIS);
  const pid = operator.pid ?? 0;
  const cpuBefore = cpuMillis(pid);
  const seenMillis: number[] = [];
  for (let change = 0; change < CHANGES; change += 1) {
    const at = performance.now();
    // In and out of the capture's selection in turn.
    await world.labelPod('ns-0/pod-0', { app: change % 2 === 0 ? 'other' : 'app-0' });
    const expected = size.pods / NAMESPACES / (size.captures / NAMESPACES) - (change % 2 === 0 ? 1 : 0);
    await eventually(
      async () => {
        const { status } = await world.getCapture('ns-0/capture-0');
        if (status?.matchedPods !== expected) throw new Error(`${status?.matchedPods} pods instead of ${expected}`);
      },
      { what: 'the status follows', timeoutMillis: PATIENCE_MILLIS },
    );
    seenMillis.push(performance.now() - at);
  }
  return {
    firstSeconds,
    changeMillis: (cpuMillis(pid) - cpuBefore) / CHANGES,
    seenMillis,
    rssMebibytes: rssBytes(pid) / MEBIBYTE,
  };
}

/** Pods are spread over all nodes and 20 namespaces; each capture selects its share of one namespace by label. */
async function populate(world: World, { nodes, pods, captures }: Size): Promise<void> {
  const perNamespace = captures / NAMESPACES;
  for (let at = 0; at < NAMESPACES; at += 1) await world.namespace(`ns-${at}`);
  await inParallel(nodes, async (at) => {
    await world.node(`node-${at}`, { agent: false });
    await world.pod(`${OPERATOR_NAMESPACE}/agent-${at}`, `node-${at}`, AGENT_POD_LABELS);
  });
  await inParallel(pods, async (at) => {
    const app = `app-${Math.floor(at / NAMESPACES) % perNamespace}`;
    await world.unreadyPod(`ns-${at % NAMESPACES}/pod-${at}`, `node-${Math.floor(at / NAMESPACES) % nodes}`, { app });
  });
  await inParallel(captures, async (at) => {
    const podSelector = { matchLabels: { app: `app-${Math.floor(at / NAMESPACES)}` } };
    await world.capture(`ns-${at % NAMESPACES}/capture-${Math.floor(at / NAMESPACES)}`, { podSelector });
  });
}

async function idle(operator: OperatorProcess): Promise<void> {
  const waiting = [...(await operator.metrics())].filter(
    ([name, value]) => name.startsWith('weir_operator_queue_size') && value > 0,
  );
  if (waiting.length > 0) throw new Error(waiting.join(' '));
}

/** Until the operator has not looked at anything for so long: what it has put off is done then. */
async function quiet(operator: OperatorProcess, millis: number): Promise<void> {
  const looks = async () => {
    const samples = [...(await operator.metrics())].filter(([name]) =>
      name.startsWith('weir_operator_reconciles_total'),
    );
    return samples.reduce((sum, [, value]) => sum + value, 0);
  };
  for (let before = -1, now = await looks(); now !== before; now = await looks()) {
    before = now;
    await pause(millis);
  }
}

/** How soon a capture works: from the start of an agent to its first record, from a change of a capture until the kernel obeys. */
import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { heldPrograms } from '../test/support/bpf-held.ts';
import { type Cluster, startCluster } from '../test/support/cluster/cluster.ts';
import { eventually } from '../test/support/cluster/eventually.ts';
import { Lab } from '../test/support/lab/lab.ts';
import { AgentProcess } from '../test/support/operator/agent-process.ts';
import { OperatorProcess } from '../test/support/operator/operator-process.ts';
import { OPERATOR_NAMESPACE, World } from '../test/support/operator/world.ts';
import { PrivateBpffs } from '../test/support/private-bpffs.ts';
import { buildBundle } from './support/bundle.ts';
import { inParallel } from './support/in-parallel.ts';
import type { Bench, Measure } from './support/measure.ts';
import { placedPod } from './support/placed-pod.ts';
import { Trickle } from './support/trickle.ts';

const ROUNDS = 11;
/** As many as a kubelet allows by default. */
const PODS = 110;
const NODE = 'node-0';
const NAMESPACE = 'bench';
const CAPTURE = `${NAMESPACE}/client`;
/** Files are written where the operator's own namespace says so. */
const EXPORT = { name: 'file', namespace: OPERATOR_NAMESPACE };
const START_MILLIS = 1_500;
const CHANGE_MILLIS = 1_000;
const PATIENCE_MILLIS = 30_000;
/** Of a line that holds one record. */
const LINE_BYTES = 65_536;
const CLIENT = { podSelector: { matchLabels: { app: 'client' } }, exports: [EXPORT] };
/** Selects no pod, but is in the node's plan: the programs are loaded. */
const NOBODY = { podSelector: { matchLabels: { app: 'nobody' } }, exports: [EXPORT] };

export const start: Bench = async (progress) => {
  progress('the bundle is built');
  const program = buildBundle();
  await using cluster = await startCluster({ controllers: false });
  await using lab = await Lab.create('start');
  const world = await World.install(cluster);
  progress(`a node with ${PODS} pods is made`);
  await world.namespace(NAMESPACE);
  await world.node(NODE);
  await inParallel(PODS - 2, (at) => world.unreadyPod(`${NAMESPACE}/idle-${at}`, NODE, { app: 'idle' }));
  const network = await lab.netns('bench');
  for (const app of ['client', 'server']) await world.unreadyPod(`${NAMESPACE}/${app}`, NODE, { app });
  const client = await placedPod(world, lab, network, `${NAMESPACE}/client`);
  const server = await placedPod(world, lab, network, `${NAMESPACE}/server`);
  await using operator = await OperatorProcess.start(cluster);
  await using trickle = await Trickle.start(client, server);
  const file = join(cluster.folder, 'flows.ndjson');
  await world.export(`${EXPORT.namespace}/${EXPORT.name}`, {
    file: { path: file },
    allowedNamespaces: { from: 'All' },
  });
  const setting = { cluster, program, world, file, progress };
  await world.capture(CAPTURE, CLIENT);
  await isPlanned(world, 1);
  const starts = await startRounds(setting, 'start', undefined);
  await using bpffs = await PrivateBpffs.mount();
  const restarts = await startRounds(setting, 'restart', bpffs.path);
  await using agent = await AgentProcess.startAsInPod(cluster, NODE, { program });
  const firsts = await firstRounds(setting, agent.pid ?? 0);
  const changes = await changeRounds(setting);
  await trickle.stop();
  if (operator.failure !== undefined) throw new Error(operator.failure);
  return {
    measures: [
      ...startMeasures('agent start', starts),
      ...startMeasures('restart after kill -9, capture kept', restarts),
      ...changeMeasures('first capture of a node', firsts),
      ...changeMeasures('change of a capture', changes),
    ],
    notes: [
      `${ROUNDS} rounds of each, on a real API server, of a node with ${PODS} pods; the bundled program with a service account, as in a pod, the operator from source, all on the same cores`,
      `${trickle.connections} connections from one pod to another, one after another with ${Trickle.PAUSE_MILLIS} ms between them: so much later than in truth each first record may seem`,
      'a start is the making of the process; a change is the begin of the request that writes the FlowCapture',
    ],
  };
};

interface Setting {
  readonly cluster: Cluster;
  /** What Node runs. */
  readonly program: string;
  readonly world: World;
  /** Of the export. */
  readonly file: string;
  readonly progress: (text: string) => void;
}

/** ms from the start of the process. */
interface Start {
  readonly listens: number;
  readonly knows: number;
  readonly adopts: number;
  readonly records: number;
}

/** @param bpffs where the capture is kept over kill -9; undefined: nowhere. */
async function startRounds(
  { cluster, program, file, progress }: Setting,
  what: string,
  bpffs: string | undefined,
): Promise<readonly Start[]> {
  const setting = { program, ...(bpffs !== undefined && { bpffs }) };
  // Before the first round the program is read from disk, and nothing has been left to go on with.
  const former = await AgentProcess.startAsInPod(cluster, NODE, setting);
  await firstLine(file, 0);
  await former.kill();
  const rounds: Start[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`${what}, round ${round} of ${ROUNDS}`);
    rmSync(file, { force: true });
    const [agent, { seenAt }] = await Promise.all([
      AgentProcess.startAsInPod(cluster, NODE, setting),
      firstLine(file, 0),
    ]);
    await using _ = agent;
    const lines = await agent.logLines();
    const since = (message: string) => {
      const time = lines.find(({ msg }) => msg === message)?.['time'];
      if (typeof time !== 'string') throw new Error(`the agent does not say: ${message}`);
      return Date.parse(time) - agent.startedAt;
    };
    rounds.push({
      listens: since('started'),
      knows: since('the node is known'),
      adopts: since('adopted a plan'),
      records: seenAt - agent.startedAt,
    });
    const hasRecovered = lines.some(({ msg }) => msg === 'goes on with the capture of the process before');
    if (hasRecovered !== (bpffs !== undefined)) throw new Error(`recovered: ${hasRecovered}, at the ${what}`);
    await agent.kill();
  }
  return rounds;
}

function startMeasures(what: string, starts: readonly Start[]): readonly Measure[] {
  const row = (name: string, of: keyof Start): Measure => ({
    name: `${what}: ${name}`,
    unit: 'ms',
    values: starts.map((each) => each[of]),
  });
  return [
    row('its program runs', 'listens'),
    row('it knows its pods', 'knows'),
    row('its capture runs', 'adopts'),
    { ...row('the first record is in its file', 'records'), target: { atMost: START_MILLIS } },
  ];
}

/** ms from the begin of the write. */
interface Change {
  /** Until the beginning of the first connection that is recorded. */
  readonly obeyed: number;
  /** Until the FlowCapture's status counts the node. */
  readonly reported: number;
}

/** The capture is the only one: the programs are loaded for it. @param pid the agent's */
async function firstRounds({ world, file, progress }: Setting, pid: number): Promise<readonly Change[]> {
  const rounds: Change[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`first capture, round ${round} of ${ROUNDS}`);
    await world.deleteCapture(CAPTURE);
    await isPlanned(world, 0);
    await eventually(() => expectNone(heldPrograms(pid)), { what: 'the programs are unloaded' });
    rounds.push(await changed(world, file));
  }
  return rounds;
}

function expectNone(programs: readonly number[]): void {
  if (programs.length > 0) throw new Error(`${programs.length} programs are loaded`);
}

async function changeRounds({ world, file, progress }: Setting): Promise<readonly Change[]> {
  const rounds: Change[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`change, round ${round} of ${ROUNDS}`);
    await world.capture(CAPTURE, NOBODY);
    await isProgrammed(world);
    rounds.push(await changed(world, file));
  }
  return rounds;
}

/** No pod is selected before. */
async function changed(world: World, file: string): Promise<Change> {
  const offset = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const writtenAt = Date.now();
  const recorded = firstLine(file, offset);
  await world.capture(CAPTURE, CLIENT);
  await isProgrammed(world);
  const reported = Date.now() - writtenAt;
  const { line } = await recorded;
  const { start: begun }: { readonly start: string } = JSON.parse(line);
  const obeyed = Date.parse(begun) - writtenAt;
  if (!(obeyed >= 0)) throw new Error(`a connection was recorded ${-obeyed} ms before anybody asked for it`);
  return { obeyed, reported };
}

function changeMeasures(what: string, changes: readonly Change[]): readonly Measure[] {
  return [
    {
      name: `${what}: the first connection is recorded`,
      unit: 'ms',
      values: changes.map(({ obeyed }) => obeyed),
      target: { atMost: CHANGE_MILLIS },
    },
    { name: `${what}: the capture's status says so`, unit: 'ms', values: changes.map(({ reported }) => reported) },
  ];
}

/** The node's plan has so many captures. */
function isPlanned(world: World, captures: number): Promise<void> {
  return eventually(
    async () => {
      const { spec } = await world.getAgent(NODE);
      if (spec.plan.captures.length !== captures) throw new Error(`${spec.plan.captures.length} captures`);
    },
    { what: 'the operator has planned' },
  );
}

function isProgrammed(world: World): Promise<void> {
  return eventually(
    async () => {
      const { metadata, status } = await world.getCapture(CAPTURE);
      if (status?.observedGeneration !== metadata.generation || status.nodes?.programmed !== 1)
        throw new Error(JSON.stringify(status?.nodes));
    },
    { what: 'the capture is programmed', timeoutMillis: PATIENCE_MILLIS },
  );
}

/** The first line that is whole, at this offset of the file, and when it was there. */
async function firstLine(file: string, offset: number): Promise<{ readonly line: string; readonly seenAt: number }> {
  const deadline = performance.now() + PATIENCE_MILLIS;
  while (performance.now() < deadline) {
    const seenAt = Date.now();
    const [line, rest] = textAt(file, offset).split('\n', 2);
    if (line !== undefined && rest !== undefined) return { line, seenAt };
    await pause(1);
  }
  throw new Error(`nothing was recorded within ${PATIENCE_MILLIS} ms`);
}

function textAt(file: string, offset: number): string {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= offset) return '';
  const buffer = Buffer.alloc(LINE_BYTES);
  const fd = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, LINE_BYTES, offset));
  } finally {
    closeSync(fd);
  }
}

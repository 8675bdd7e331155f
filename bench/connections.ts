/** What open connections cost in memory, and how soon an agent that starts knows those that are there already. */
import { setTimeout as pause } from 'node:timers/promises';
import { Lab } from '../test/support/lab/lab.ts';
import type { Pod } from '../test/support/lab/pod.ts';
import { AgentProcess } from './support/agent-process.ts';
import { agentSetup } from './support/agent-setup.ts';
import { expectCount } from './support/expect-count.ts';
import { HeldConnections } from './support/held-connections.ts';
import type { Bench, Measure } from './support/measure.ts';
import { MemoryCgroup } from './support/memory-cgroup.ts';
import { rssBytes } from './support/process-cost.ts';

const SIZES = [1_000, 10_000, 50_000];
const ROUNDS = 5;
const MEBIBYTE = 2 ** 20;
const PATIENCE_MILLIS = 60_000;
/** Longer than the kernel waits before it frees a map's memory. */
const SETTLED_MILLIS = 500;
/** Short beside what is timed: an answer is a look at some counters. */
const LOOK_MILLIS = 2;

export const connections: Bench = async (progress) => {
  await using lab = await Lab.create('connections');
  const netns = await lab.netns('connections');
  const pods = [await lab.pod('client', { netns }), await lab.pod('server', { netns })] as const;
  await using cgroup = await MemoryCgroup.create();
  const results: Result[] = [];
  for (const size of SIZES) {
    const rounds: Round[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      progress(`${size} connections, round ${round} of ${ROUNDS}`);
      rounds.push(await roundOf(size, pods, cgroup));
    }
    results.push({ size, rounds });
  }
  const all = results.flatMap(({ rounds }) => rounds);
  return {
    measures: [
      { name: 'no connection: kernel memory', unit: 'MiB', values: all.map(({ idle }) => idle.kernel / MEBIBYTE) },
      {
        name: 'no connection: memory of the agent (RSS)',
        unit: 'MiB',
        values: all.map(({ idle }) => idle.rss / MEBIBYTE),
      },
      ...results.flatMap(measures),
    ],
    notes: [
      `connections over loopback between two pods that the capture selects: each has two sockets here, and costs twice what its row says; ${ROUNDS} rounds a size, each with an agent process of its own, from source`,
      'kernel memory is what is charged to a memory cgroup in which only the agent is; with no connection it is what the start of the capture adds: ring, join, journal, all other maps, and the programs',
      'counted in every round: two open sockets for each connection that was opened under the capture, and two taken over for each that was there before',
    ],
  };
};

interface Round {
  /** Of a capture without connections; bytes. */
  readonly idle: { readonly kernel: number; readonly rss: number };
  /** Bytes. */
  readonly kernelPerSocket: number;
  /** With all connections open; bytes. */
  readonly rss: number;
  /** From the order to start until all are known. */
  readonly takenOverMillis: number;
}

interface Result {
  readonly size: number;
  readonly rounds: readonly Round[];
}

async function roundOf(size: number, pods: readonly [Pod, Pod], cgroup: MemoryCgroup): Promise<Round> {
  const sockets = 2 * size;
  await using agent = new AgentProcess(agentSetup(pods, pods));
  cgroup.add(agent.pid);
  // What the process makes once is there before anything is measured.
  await agent.start();
  await agent.stop();
  const before = await settled(cgroup);
  await agent.start();
  const idle = { kernel: cgroup.kernelBytes() - before, rss: rssBytes(agent.pid) };
  await using open = new AsyncDisposableStack();
  open.use(await HeldConnections.open(...pods, size));
  const kernelPerSocket = (cgroup.kernelBytes() - before - idle.kernel) / sockets;
  const rss = rssBytes(agent.pid);
  const { node: opened } = await agent.stop();
  expectCount('open sockets', opened.openConnections, sockets);
  const begun = performance.now();
  await agent.start();
  const takenOverMillis = await allTakenOver(agent, sockets, begun);
  const { node: ended } = await agent.stop();
  expectCount('sockets taken over', ended.takenOver, sockets);
  return { idle, kernelPerSocket, rss, takenOverMillis };
}

/** Once the kernel has freed what it frees late: nothing has changed for a while. */
async function settled(cgroup: MemoryCgroup): Promise<number> {
  const deadline = performance.now() + PATIENCE_MILLIS;
  let [bytes, since] = [cgroup.kernelBytes(), performance.now()];
  while (performance.now() < deadline) {
    await pause(LOOK_MILLIS);
    const now = cgroup.kernelBytes();
    if (now !== bytes) [bytes, since] = [now, performance.now()];
    if (performance.now() - since >= SETTLED_MILLIS) return bytes;
  }
  throw new Error(`the agent's kernel memory changes for ${PATIENCE_MILLIS} ms`);
}

/** Resolves with the time that it took. */
async function allTakenOver(agent: AgentProcess, sockets: number, begun: number): Promise<number> {
  while (performance.now() < begun + PATIENCE_MILLIS) {
    const { node } = await agent.report();
    if (node.takenOver >= sockets) return performance.now() - begun;
    await pause(LOOK_MILLIS);
  }
  throw new Error(`not all of ${sockets} sockets were taken over within ${PATIENCE_MILLIS} ms`);
}

function measures({ size, rounds }: Result): readonly Measure[] {
  const name = `${size.toLocaleString('en-GB')} connections`;
  return [
    { name: `${name}: kernel memory of a socket`, unit: 'B', values: rounds.map((round) => round.kernelPerSocket) },
    { name: `${name}: memory of the agent (RSS)`, unit: 'MiB', values: rounds.map(({ rss }) => rss / MEBIBYTE) },
    { name: `${name}: start until all are known`, unit: 'ms', values: rounds.map((round) => round.takenOverMillis) },
  ];
}

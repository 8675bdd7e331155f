/** What an agent has to do while it is soaked. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExportReference } from '../../src/api/types.generated.ts';
import { eventually } from '../../test/support/cluster/eventually.ts';
import type { Lab } from '../../test/support/lab/lab.ts';
import type { NetNs } from '../../test/support/lab/netns.ts';
import type { Peer } from '../../test/support/lab/peer.ts';
import { type Pod, podIdentity } from '../../test/support/lab/pod.ts';
import type { World } from '../../test/support/operator/world.ts';
import { inParallel } from './in-parallel.ts';
import { placedPod } from './placed-pod.ts';

/** Connections of a second, all to one port: more that have just ended make the search for a free port slow. */
const PART = 5_000;
/** The pace within a second: it leaves some of it over, so that a delay is made up for. */
const PER_SECOND = 6_500;
/** Of them open at once: with fewer, the two processes spend their time on waiting for each other. */
const AT_ONCE = 50;
const PATIENCE_MS = 120_000;
/** How long a part is meant to last. */
const PART_MILLIS = 1_000;
/** Pods that come and go, and how many are there at once. */
const CHURN_MILLIS = 500;
const CHURN_STAY = 20;
/** How often a capture comes or goes. */
const PLAN_MILLIS = 30_000;
/** More than an agent remembers of what is gone: the selection 16,384 cgroups, the inventory 4,096 pods, the plan 256 captures. */
const GONE_CGROUPS = 17_000;
const GONE_PODS = 4_200;
const GONE_CAPTURES = 300;
const CGROUPS_AT_ONCE = 500;
const PODS_AT_ONCE = 100;
/** As many as may select one pod, but for some. */
const CAPTURES_AT_ONCE = 60;
/** The agent looks at what inotify tells of within milliseconds, and rests ten times as long as the look took. */
const SEEN_MILLIS = 1_000;

/** What all of it is, in words. */
export const LOAD_NOTES: readonly string[] = [
  `each second ${PART} connections that carry a byte either way, ${AT_ONCE} at once, at ${PER_SECOND} a second, then idle for the rest of it; pods that come and go, one every ${CHURN_MILLIS / 1000} s; a capture that comes or goes every ${PLAN_MILLIS / 1000} s`,
  `before it, ${GONE_CGROUPS} cgroups, ${GONE_PODS} pods and ${GONE_CAPTURES} captures came and went, more than an agent remembers`,
];

/** Connections, paced, with a byte there and a byte back. */
export class Traffic {
  /** That have ended. */
  connections = 0;
  readonly #dialler: Peer;
  readonly #acceptor: Peer;

  private constructor(dialler: Peer, acceptor: Peer) {
    this.#dialler = dialler;
    this.#acceptor = acceptor;
  }

  /** @param server shares the network of `client`. */
  static async between(client: Pod, server: Pod): Promise<Traffic> {
    const [dialler, acceptor] = await Promise.all([client.peer(), server.peer()]);
    return new Traffic(dialler, acceptor);
  }

  /** A second of it, where the machine bears that. */
  async part(): Promise<void> {
    const listener = await this.#acceptor.listen('127.0.0.1', { backlog: 1024 });
    const each = { connections: PART, atOnce: AT_ONCE, send: 1, receive: 1, timeoutMs: PATIENCE_MS };
    await Promise.all([listener.serve(each), this.#dialler.burst(listener, { ...each, perSecond: PER_SECOND })]);
    await listener.close();
    this.connections += PART;
  }
}

/** Does it again and again until the time of performance.now(); so long after the beginning of the one before, at the earliest. */
export async function repeatedly(end: number, millis: number, act: (nth: number) => Promise<void>): Promise<void> {
  for (let nth = 0; performance.now() < end; nth += 1) {
    const next = Math.min(performance.now() + millis, end);
    await act(nth);
    await pause(Math.max(0, next - performance.now()));
  }
}

export interface Ground {
  readonly world: World;
  readonly lab: Lab;
  readonly netns: NetNs;
  readonly node: string;
  readonly namespace: string;
}

/** Has the agent remember all that it ever does of what is gone: what grows from then on has no bound. */
export async function fillMemories(ground: Ground, traffic: Traffic, exports: ExportReference[]): Promise<void> {
  await cgroupsThatGo(ground);
  for (let made = 0; made < GONE_PODS; made += PODS_AT_ONCE) {
    const there: Placed[] = [];
    await inParallel(PODS_AT_ONCE, async (at) => void there.push(await placed(ground, `gone-${made + at}`)));
    await pause(SEEN_MILLIS);
    await inParallel(PODS_AT_ONCE, async (at) => removed(ground, there[at]));
  }
  for (let made = 0; made < GONE_CAPTURES; made += CAPTURES_AT_ONCE) {
    const keys = Array.from({ length: CAPTURES_AT_ONCE }, (_, at) => `${ground.namespace}/gone-${made + at}`);
    await Promise.all(keys.map((key) => ground.world.capture(key, passing(exports))));
    await planned(ground, CAPTURES_AT_ONCE);
    await traffic.part();
    await Promise.all(keys.map((key) => ground.world.deleteCapture(key)));
    await planned(ground, 0);
  }
}

async function cgroupsThatGo({ lab }: Ground): Promise<void> {
  for (let made = 0; made < GONE_CGROUPS; made += CGROUPS_AT_ONCE) {
    const cgroups = Array.from({ length: CGROUPS_AT_ONCE }, (_, at) => {
      const { uid } = podIdentity(`gone ${made + at}`);
      return join(lab.directory, 'kubepods', 'burstable', `pod${uid}`);
    });
    for (const cgroup of cgroups) mkdirSync(cgroup);
    await pause(SEEN_MILLIS);
    for (const cgroup of cgroups) rmdirSync(cgroup);
  }
}

/** Resolves when the agent runs so many captures of the ground's namespace. */
async function planned({ world, node, namespace }: Ground, captures: number): Promise<void> {
  await eventually(
    async () => {
      const { spec, status } = await world.getAgent(node);
      const count = spec.plan.captures.filter(({ name }) => name.startsWith(`${namespace}/`)).length;
      if (count !== captures) throw new Error(`${count} of ${captures} captures are planned`);
      if (status?.planHash !== spec.plan.hash) throw new Error('the agent does not run its plan yet');
    },
    { what: `${captures} captures of ${namespace} run`, timeoutMillis: PATIENCE_MS },
  );
}

/** Captures that come and go until the time of performance.now(). */
export async function captureChurn(
  end: number,
  { world, namespace }: Ground,
  exports: ExportReference[],
): Promise<void> {
  await repeatedly(end, PLAN_MILLIS, async (nth) => {
    const key = `${namespace}/now-and-then-${Math.floor(nth / 2)}`;
    if (nth % 2 === 0) await world.capture(key, passing(exports));
    else await world.deleteCapture(key);
  });
}

/** What a capture asks for that comes and goes: what one pod of the traffic says. */
function passing(exports: ExportReference[]) {
  return { podSelector: { matchLabels: { app: 'client' } }, exports };
}

/** 5,000 connections a second until the time of performance.now(), or as many as there can be. */
export function steady(end: number, traffic: Traffic): Promise<void> {
  return repeatedly(end, PART_MILLIS, () => traffic.part());
}

/** Pods with cgroups come and go until the time of performance.now(). */
export async function podChurn(end: number, ground: Ground): Promise<void> {
  const there: Placed[] = [];
  await repeatedly(end, CHURN_MILLIS, async (nth) => {
    there.push(await placed(ground, `churn-${nth}`));
    if (there.length > CHURN_STAY) await removed(ground, there.shift());
  });
  for (const each of there) await removed(ground, each);
}

interface Placed {
  readonly key: string;
  readonly pod: Pod;
}

async function placed({ world, lab, netns, node, namespace }: Ground, name: string): Promise<Placed> {
  const key = `${namespace}/${name}`;
  await world.pod(key, node, { app: 'churn' });
  return { key, pod: await placedPod(world, lab, netns, key) };
}

async function removed({ world }: Ground, former: Placed | undefined): Promise<void> {
  if (former === undefined) throw new Error('no pod is there to be removed');
  await world.deletePod(former.key);
  rmdirSync(former.pod.directory);
  rmdirSync(dirname(former.pod.directory));
}

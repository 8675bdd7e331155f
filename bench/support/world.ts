/** A node as the pipeline bench imagines it: pods here and elsewhere, what they run, and whom they talk to. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compilePlan } from '../../src/plan/compile.ts';
import type { CaptureObject } from '../../src/plan/objects.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { podIdentity } from '../../test/support/lab/pod.ts';
import type { BenchPod } from './inventory.ts';
import { UNLIMITED } from './unlimited.ts';

/** As many pods as a kubelet allows by default, and three more nodes of them. */
const PODS_A_NODE = 110;
const OTHER_NODES = 3;
const NODE = 'node-0';
const NAMESPACES = ['shop', 'payments', 'search', 'platform', 'batch'];
const APPS = ['web', 'api', 'worker', 'cache', 'gateway', 'index', 'mailer', 'auth'];

export interface WorldPod extends BenchPod {
  /** 0 on the nodes elsewhere. */
  readonly cgroupId: number;
  readonly netnsCookie: number;
}

export interface World {
  readonly here: readonly WorldPod[];
  readonly elsewhere: readonly WorldPod[];
  readonly plan: Plan;
}

/** @param cgroups an empty directory that stands for the cgroup2 mount; it gets a directory a container of this node. */
export function makeWorld(cgroups: string): World {
  const pods = Array.from({ length: (OTHER_NODES + 1) * PODS_A_NODE }, (_, index) => makePod(index, cgroups));
  return { here: pods.slice(0, PODS_A_NODE), elsewhere: pods.slice(PODS_A_NODE), plan: makePlan() };
}

function makePod(index: number, cgroups: string): WorldPod {
  const node = Math.floor(index / PODS_A_NODE);
  const host = (index % PODS_A_NODE) + 2;
  const app = APPS[index % APPS.length] ?? '';
  const { uid, containerId } = podIdentity(`pod ${index}`);
  const cgroup = join(cgroups, 'kubepods', 'burstable', `pod${uid}`, containerId);
  if (node === 0) mkdirSync(cgroup, { recursive: true });
  return {
    name: `${app}-6d9f7c5b84-${uid.slice(0, 5)}`,
    namespace: NAMESPACES[index % NAMESPACES.length] ?? '',
    uid,
    labels: { app, tier: index % 3 === 0 ? 'front' : 'back' },
    addresses: [`10.42.${node}.${host}`, `fd00:42:0:${node.toString(16)}::${host.toString(16)}`],
    node: `node-${node}`,
    cgroupId: node === 0 ? statSync(cgroup).ino : 0,
    netnsCookie: 0x1000 + index,
  };
}

/** Captures that overlap: one for every pod, one for each namespace, one for some pods of every namespace. */
function makePlan(): Plan {
  const exports = [{ name: 'archive', namespace: 'weir-system' }];
  const captures: CaptureObject[] = [
    {
      metadata: { name: 'everything', namespace: 'weir-system' },
      spec: { ...UNLIMITED, namespaceSelector: {}, exports },
    },
    {
      metadata: { name: 'front', namespace: 'weir-system' },
      spec: { ...UNLIMITED, namespaceSelector: {}, podSelector: { matchLabels: { tier: 'front' } }, exports },
    },
    ...NAMESPACES.map((namespace) => ({ metadata: { name: 'all', namespace }, spec: { ...UNLIMITED, exports } })),
  ];
  const { plan, problems } = compilePlan({
    captures,
    exports: [
      { metadata: { name: 'archive', namespace: 'weir-system' }, spec: { allowedNamespaces: { from: 'All' } } },
    ],
    node: { name: NODE, programs: ['tcp'] },
    namespaceLabels: () => ({}),
  });
  const [problem] = problems;
  if (problem !== undefined) throw new Error(`the bench's plan is wrong: ${problem.message}`);
  return plan;
}

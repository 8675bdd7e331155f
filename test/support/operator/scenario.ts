import { ApiError } from '../cluster/api.ts';
import type { World } from './world.ts';

/** One change of a cluster, the same wherever it is made. */
export interface Step {
  readonly text: string;
  readonly run: (world: World) => Promise<void>;
}

const NAMESPACES = ['shop', 'bank'];
const APPS = ['checkout', 'payments', 'ledger'];
/** All of them are there from the beginning: Kubernetes collects pods on a node that is not, some time later. */
const NODES = ['n1', 'n2', 'n3', 'n4'];
/** Comes into the cluster one day, and has no pods. */
const LATE_NODE = 'n5';
const EXPORTS = ['weir-system/archive', 'weir-system/terminal'];

/** What every scenario begins with. */
export async function beginning(world: World): Promise<void> {
  for (const name of NAMESPACES) await world.namespace(name, { team: name });
  for (const name of NODES) await world.node(name, { labels: { zone: name === 'n1' ? 'a' : 'b' } });
  await world.export('weir-system/archive', { file: { path: '/flows' }, allowedNamespaces: { from: 'All' } });
  await world.capture('shop/all', { exports: [{ name: 'archive', namespace: 'weir-system' }] });
  await world.capture('weir-system/everything', { namespaceSelector: {} });
}

/** Random changes of every kind of object that the operator looks at. Each can be made again without harm. */
export function randomSteps(random: () => number, count: number): Step[] {
  const pick = <T>(items: readonly [T, ...T[]] | readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  return Array.from({ length: count }, () => randomStep(random, pick));
}

function randomStep(random: () => number, pick: <T>(items: readonly T[]) => T): Step {
  const [namespace, app, node, target] = [pick(NAMESPACES), pick(APPS), pick(NODES), pick(EXPORTS)];
  const number = Math.floor(random() * 6);
  const [pod, capture] = [`${namespace}/pod-${number}-${node}`, `${namespace}/capture-${number}`];
  const named = [{ name: target.split('/')[1] ?? '', namespace: 'weir-system' }];
  const podSelector = { matchLabels: { app } };
  const steps: readonly Step[] = [
    step(`pod ${pod} app=${app}`, (world) => world.pod(pod, node, { app })),
    step(`pod ${pod} app=${app}`, (world) => world.pod(pod, node, { app })),
    step(`label ${pod} app=${app}`, (world) => world.labelPod(pod, { app })),
    step(`delete ${pod}`, (world) => world.deletePod(pod)),
    step(`capture ${capture} of ${app} to ${target}`, (world) =>
      world.capture(capture, { podSelector, exports: named }),
    ),
    step(`capture ${capture} of everything`, (world) => world.capture(capture, {})),
    step(`capture ${capture} in zone a`, (world) =>
      world.capture(capture, { nodeSelector: { matchLabels: { zone: 'a' } } }),
    ),
    step(`suspend ${capture}`, (world) => world.capture(capture, { podSelector, suspend: true })),
    step(`capture ${capture} not honoured`, (world) => world.capture(capture, { protocols: ['UDP'] })),
    step(`delete ${capture}`, (world) => world.deleteCapture(capture)),
    step(`export ${target}`, (world) => world.export(target, { stdout: {}, allowedNamespaces: { from: 'All' } })),
    step(`export ${target} to its own`, (world) =>
      world.export(target, { stdout: {}, allowedNamespaces: { from: 'Same' } }),
    ),
    step(`delete ${target}`, (world) => world.deleteExport(target)),
    step(`namespace ${namespace} team=${app}`, (world) => world.namespace(namespace, { team: app })),
    step(`node ${LATE_NODE}`, (world) => world.node(LATE_NODE, { labels: { zone: 'b' } })),
    step(`node ${node} zone=b`, (world) => world.node(node, { labels: { zone: 'b' } })),
    step(`node ${node} not ready`, (world) => world.nodeReady(node, false)),
    step(`node ${node} ready`, (world) => world.nodeReady(node, true)),
  ];
  return pick(steps);
}

/** What is not there cannot be changed or deleted: then the step does nothing, wherever it is made. */
function step(text: string, change: (world: World) => Promise<void>): Step {
  const run = async (world: World) => {
    try {
      await change(world);
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 404)) throw error;
    }
  };
  return { text, run };
}

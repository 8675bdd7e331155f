import { beforeEach, describe, expect, test } from 'vitest';
import { AGENT_POD_LABELS } from '../../../../src/api/names.ts';
import type { CaptureReport } from '../../../../src/api/types.generated.ts';
import type { Delta, Store } from '../../../../src/kube/store.ts';
import type { Agent, Capture, StandingPlan } from '../../../../src/operator/state/objects.ts';
import { capturesOn, nodesOf, podsInScope } from '../../../../src/operator/state/scope.ts';
import { newState, type State } from '../../../../src/operator/state/state.ts';
import { Triggers } from '../../../../src/operator/state/triggers.ts';
import { agent, capture, flowExport, node, OPERATOR_NAMESPACE, pod, report } from '../builders.ts';

let state: State;
let triggers: Triggers;
let woken: Set<string>;
let ownWrites: Set<string>;

const checkout = capture('shop/checkout', { podSelector: { matchLabels: { app: 'checkout' } } });
const everything = capture('weir-system/everything', { namespaceSelector: { matchLabels: { team: 'shop' } } });
const onlyArm = capture('shop/arm', { nodeSelector: { matchLabels: { arch: 'arm64' } } });

/** What a change wakes, sorted. */
function wakes<T>(store: Store<T>, key: string, item: T | undefined, tell: (delta: Delta<T>) => void): string[] {
  woken.clear();
  const delta = item === undefined ? store.delete(key) : store.set(key, item);
  if (delta !== undefined) tell(delta);
  return [...woken].toSorted();
}

function onPod(key: string, item: ReturnType<typeof pod> | undefined): string[] {
  return wakes(state.pods, key, item, (delta) => triggers.onPod(delta));
}

function onCapture(key: string, item: Capture | undefined): string[] {
  return wakes(state.captures, key, item, (delta) => triggers.onCapture(delta));
}

/** Of the FlowAgent n1. */
function onAgent(item: Agent | undefined): string[] {
  return wakes(state.agents, 'n1', item, (delta) => triggers.onAgent(delta));
}

/** Of the FlowAgent n1, by what it says of the export shop/x. */
function reports(is: 'Idle' | 'Failing', delivered: number): string[] {
  return onAgent(agent('n1', { exports: [{ uid: 'x', name: 'shop/x', state: is, delivered }] }));
}

/** Of the FlowExport weir-system/x. */
function onExport(item: ReturnType<typeof flowExport> | undefined): string[] {
  return wakes(state.exports, 'weir-system/x', item, (delta) => triggers.onExport(delta));
}

/** Of the Node n1. */
function onNode(rest: Parameters<typeof node>[1]): string[] {
  const item = node('n1', { labels: { arch: 'amd64' }, ...rest });
  return wakes(state.nodes, 'n1', item, (delta) => triggers.onNode(delta));
}

beforeEach(() => {
  state = newState(OPERATOR_NAMESPACE);
  woken = new Set();
  const note = (what: string) => (key: string) => void woken.add(`${what} ${key}`);
  triggers = new Triggers(state, {
    capture: note('capture'),
    captureLater: note('later'),
    export: note('export'),
    exportLater: note('export later'),
    agent: note('agent'),
    isOwnWrite: (kind, key, version) => ownWrites.has(`${kind} ${key} ${version}`),
  });
  ownWrites = new Set();
  for (const name of ['shop', 'bank']) {
    const labels = { team: name };
    state.namespaces.set(name, { name, labels, uid: name, resourceVersion: '1', terminating: false });
  }
  for (const [name, arch] of [
    ['n1', 'amd64'],
    ['n2', 'arm64'],
    ['n3', 'amd64'],
  ] as const)
    state.nodes.set(name, node(name, { labels: { arch } }));
  for (const of of [checkout, everything, onlyArm]) state.captures.set(of.key, of);
  for (const [key, on, app] of [
    ['shop/a', 'n1', 'checkout'],
    ['shop/b', 'n2', 'web'],
    ['bank/a', 'n3', 'ledger'],
  ] as const) {
    const there = pod(key, on, { labels: { app } });
    state.pods.set(key, there);
    state.presence.move(undefined, there);
  }
});

describe('scope', () => {
  test('of a capture: the nodes with a pod in its namespaces, as its nodeSelector has it, whatever labels pods have', () => {
    expect([checkout, everything, onlyArm].map((of) => Array.from(nodesOf(state, of)))).toEqual([
      ['n1', 'n2'],
      ['n1', 'n2'],
      ['n2'],
    ]);
    expect(Array.from(podsInScope(state, onlyArm), ({ key }) => key)).toEqual(['shop/b']);
  });

  test('of a node: the same, the other way round', () => {
    const on = ['n1', 'n2', 'n3', 'n4'].map((name) => Array.from(capturesOn(state, name), ({ key }) => key).toSorted());
    expect(on).toEqual([
      ['shop/checkout', 'weir-system/everything'],
      ['shop/arm', 'shop/checkout', 'weir-system/everything'],
      [],
      [],
    ]);
  });

  test("a capture in a tenant's namespace sees no other namespace, whatever it asks for", () => {
    const greedy = capture('bank/greedy', { namespaceSelector: {} });
    state.captures.set(greedy.key, greedy);
    expect([...nodesOf(state, greedy)]).toEqual(['n3']);
  });
});

describe('a change of a pod', () => {
  test('of labels wakes the captures that select it now, or did, and no plan', () => {
    expect(onPod('shop/b', pod('shop/b', 'n2', { labels: { app: 'checkout' } }))).toEqual(['capture shop/checkout']);
    expect(onPod('shop/b', pod('shop/b', 'n2', { labels: { app: 'other' } }))).toEqual(['capture shop/checkout']);
    expect(onPod('shop/b', pod('shop/b', 'n2', { labels: { app: 'another' } }))).toEqual([]);
  });

  test('wakes later a capture that selects none, since it says which labels there are', () => {
    const typo = capture('shop/typo', { podSelector: { matchLabels: { app: 'chekcout' } } });
    state.captures.set(typo.key, typo);
    state.podless.add(typo.key);
    expect(onPod('shop/b', pod('shop/b', 'n2', { labels: { app: 'x' } }))).toEqual(['later shop/typo']);
  });

  test('the first of its namespace on a node, or the last, wakes that plan', () => {
    expect(onPod('shop/c', pod('shop/c', 'n3'))).toEqual([
      'agent n3',
      'capture shop/arm',
      'capture shop/checkout',
      'capture weir-system/everything',
    ]);
    expect(onPod('shop/d', pod('shop/d', 'n3'))).not.toContain('agent n3');
    expect(onPod('shop/d', undefined)).not.toContain('agent n3');
    expect(onPod('shop/c', undefined)).toContain('agent n3');
  });

  test('that says nothing new wakes nothing', () => {
    expect(
      onPod('shop/a', pod('shop/a', 'n1', { labels: { app: 'checkout' }, ready: false, resourceVersion: '2' })),
    ).toEqual([]);
  });

  test("of an agent's pod wakes the captures of its node", () => {
    const key = `${OPERATOR_NAMESPACE}/weir-agent-1`;
    const ready = (is: boolean) => pod(key, 'n1', { labels: AGENT_POD_LABELS, ready: is });
    expect(onPod(key, ready(false))).toEqual(['agent n1']);
    expect(onPod(key, ready(true))).toEqual(['capture shop/checkout', 'capture weir-system/everything']);
    // Without an agent's labels it is none any more.
    expect(onPod(key, pod(key, 'n1'))).toEqual(['capture shop/checkout', 'capture weir-system/everything']);
  });
});

describe('a change of a capture', () => {
  test('wakes exactly the plans of the nodes that it is on or has been on', () => {
    state.agents.set('n3', agent('n3', {}, { plan: planOf([checkout]) }));
    expect(onCapture('shop/checkout', capture('shop/checkout', {}, { generation: 2 }))).toEqual([
      'agent n1',
      'agent n2',
      'agent n3',
      'capture shop/checkout',
    ]);
  });

  test('that a list brings together with its own write wakes it: one of the two was somebody else', () => {
    ownWrites.add('capture shop/checkout 9');
    const changed = { ...capture('shop/checkout', {}, { generation: 2 }), resourceVersion: '9' };
    expect(onCapture('shop/checkout', changed)).toContain('capture shop/checkout');
  });

  test('that is deleted, or about to be, wakes the FlowAgents that wait for it', () => {
    state.agents.set('gone', agent('gone', {}, { terminating: true }));
    expect(onCapture('shop/checkout', { ...checkout, terminating: true })).toContain('agent gone');
    expect(onCapture('shop/checkout', undefined)).toContain('agent gone');
  });

  test('that its controller has just written wakes nothing', () => {
    ownWrites.add('capture shop/checkout 9');
    expect(onCapture('shop/checkout', { ...checkout, resourceVersion: '9' })).toEqual([]);
  });

  test('of its status alone wakes no plan', () => {
    expect(onCapture('shop/checkout', { ...checkout, resourceVersion: '9' })).toEqual(['capture shop/checkout']);
  });

  test('wakes the exports that it names, or did', () => {
    const before = capture('shop/checkout', { exports: [{ name: 'a' }] }, { generation: 2 });
    expect(onCapture('shop/checkout', before)).toContain('export shop/a');
    const after = capture('shop/checkout', { exports: [{ name: 'b', namespace: 'x' }] }, { generation: 3 });
    expect(onCapture('shop/checkout', after)).toEqual(expect.arrayContaining(['export shop/a', 'export x/b']));
    expect(onCapture('shop/checkout', undefined)).toContain('export x/b');
  });
});

function planOf(captures: readonly Capture[]): StandingPlan {
  return {
    hash: captures.map(({ uid, generation }) => `${uid}.${generation}`).join(' '),
    captures: new Set(captures.map(({ uid }) => uid)),
    exports: new Set(),
  };
}

describe('a change of a FlowAgent', () => {
  test('of counters wakes later, of anything that a condition hangs on at once', () => {
    onAgent(agent('n1', { captures: [report(checkout)] }));
    expect(onAgent(agent('n1', { captures: [report(checkout)] }, { resourceVersion: '2' }))).toEqual([]);
    expect(onAgent(agent('n1', { captures: [report(checkout, { flows: { exported: 0 } })] }))).toEqual([
      'later shop/checkout',
    ]);
    expect(onAgent(agent('n1', { captures: [report(checkout, { flows: { exported: 1 } })] }))).toEqual([
      'capture shop/checkout',
    ]);
    expect(onAgent(agent('n1', { captures: [report(checkout, { flows: { exported: 2 } })] }))).toEqual([
      'later shop/checkout',
    ]);
    expect(onAgent(agent('n1', { captures: [report(checkout, { flows: { exported: 2 }, state: 'Failed' })] }))).toEqual(
      ['capture shop/checkout'],
    );
    expect(onAgent(agent('n1', { captures: [] }))).toEqual(['capture shop/checkout']);
  });

  test('of a capture that was made anew counts, whatever is told of the former one of that name', () => {
    const former = report(capture('shop/checkout', {}, { uid: 'former' }), { state: 'Ended' });
    for (const order of [(rows: CaptureReport[]) => rows, (rows: CaptureReport[]) => rows.toReversed()]) {
      const rows = (rest: Partial<CaptureReport>) => ({ captures: order([report(checkout, rest), former]) });
      onAgent(agent('n1', rows({})));
      expect(onAgent(agent('n1', rows({ state: 'Failed' })))).toEqual(['capture shop/checkout']);
      expect(onAgent(agent('n1', rows({ state: 'Failed', flows: { lost: 1 } })))).toEqual(['later shop/checkout']);
    }
  });

  test('of an export wakes the captures that feed it, too', () => {
    const feeding = capture('shop/feeding', { exports: [{ name: 'x' }] });
    state.captures.set(feeding.key, feeding);
    expect(reports('Idle', 0)).toEqual(['agent n1', 'capture shop/feeding', 'export shop/x']);
    expect(reports('Failing', 0)).toEqual(['capture shop/feeding', 'export shop/x']);
    expect(reports('Failing', 1)).toEqual(['capture shop/feeding', 'export shop/x']);
    expect(reports('Failing', 2)).toEqual(['export later shop/x']);
  });

  test('of the plan wakes the node, and later the captures in it, which wait for what the agent says', () => {
    onAgent(agent('n1', {}, { plan: planOf([checkout, onlyArm]) }));
    const next = capture('shop/checkout', {}, { generation: 2 });
    expect(onAgent(agent('n1', {}, { plan: planOf([next]) }))).toEqual([
      'agent n1',
      'later shop/arm',
      'later shop/checkout',
    ]);
  });

  test('of an export that comes into the plan or leaves it wakes that export', () => {
    state.exports.set('weir-system/x', flowExport('weir-system/x'));
    const plan = { hash: 'h', captures: new Set<string>(), exports: new Set(['uid-weir-system/x']) };
    expect(onAgent(agent('n1', {}, { plan }))).toEqual(['agent n1', 'export weir-system/x']);
    expect(onAgent(agent('n1', {}, { plan: { ...plan, hash: 'i' } }))).toEqual(['agent n1']);
  });

  test('that is what its controller has just written wakes nothing of its own', () => {
    ownWrites.add('agent n1 7');
    const plan = planOf([checkout]);
    expect(onAgent(agent('n1', {}, { plan, resourceVersion: '7' }))).toEqual(['later shop/checkout']);
    expect(onAgent(agent('n1', {}, { plan, resourceVersion: '8', finalizers: ['x'] }))).toEqual(['agent n1']);
  });

  test('that is deleted wakes everything that it has counted for', () => {
    const exports = [{ uid: 'x', name: 'shop/x', state: 'Idle' }] as const;
    const status = { captures: [report(checkout)], exports: [...exports] };
    onAgent(agent('n1', status));
    expect(onAgent(agent('n1', status, { terminating: true }))).toEqual([
      'agent n1',
      'capture shop/checkout',
      'export shop/x',
    ]);
    expect(onAgent(undefined)).toEqual(['agent n1', 'capture shop/checkout', 'export shop/x']);
  });
});

describe('a change of an export', () => {
  const feeding = capture('shop/feeding', { exports: [{ name: 'x', namespace: 'weir-system' }] });

  test('wakes the captures that name it and the plans of their nodes, and those that look in vain', () => {
    state.captures.set(feeding.key, feeding);
    // Its status says nothing yet: what was found last may not have come back.
    const lost = capture('bank/lost', { exports: [{ name: 'y' }] });
    state.captures.set(lost.key, lost);
    const named = ['agent n1', 'agent n2', 'capture shop/feeding', 'export weir-system/x'];
    const all = [...named, 'capture bank/lost'].toSorted();
    expect(onExport(flowExport('weir-system/x'))).toEqual(all);
    expect(onExport(flowExport('weir-system/x', { stdout: {} }, { generation: 2 }))).toEqual(all);
    expect(onExport(flowExport('weir-system/x', { stdout: {} }, { generation: 2, status: {} }))).toEqual([
      'export weir-system/x',
    ]);
  });
});

describe('a change of a node or namespace', () => {
  test("of a node's labels or readiness wakes its plan and its captures, of its heartbeat nothing", () => {
    expect(onNode({ resourceVersion: '2' })).toEqual([]);
    const all = ['agent n1', 'capture shop/arm', 'capture shop/checkout', 'capture weir-system/everything'];
    expect(onNode({ ready: false })).toEqual(all);
    expect(onNode({ labels: { arch: 'arm64' }, ready: false })).toEqual(all);
  });

  test('wakes later a capture that selects nodes and no pod: it says which labels there are', () => {
    const ssd = capture('bank/ssd', { nodeSelector: { matchLabels: { disk: 'sdd' } } });
    state.captures.set(ssd.key, ssd);
    state.podless.add(ssd.key);
    expect(onNode({ labels: { arch: 'amd64', disk: 'ssd' } })).toContain('later bank/ssd');
  });

  test('a node that comes wakes its own plan, and every plan when all have to report less often', () => {
    const comes = (name: string) => wakes(state.nodes, name, node(name), (delta) => triggers.onNode(delta));
    expect(comes('n4')).toEqual(['agent n4']);
    for (let at = 5; at <= 200; at += 1) comes(`n${at}`);
    expect(comes('n201')).toHaveLength(201);
    expect(wakes(state.nodes, 'n7', undefined, (delta) => triggers.onNode(delta))).toHaveLength(201);
  });

  test("of a namespace's labels wakes the plans of its nodes, and every capture that selects namespaces", () => {
    const labels = { team: 'other' };
    const shop = { name: 'shop', labels, uid: 'shop', resourceVersion: '2', terminating: false };
    expect(wakes(state.namespaces, 'shop', shop, (delta) => triggers.onNamespace(delta))).toEqual([
      'agent n1',
      'agent n2',
      'capture shop/arm',
      'capture shop/checkout',
      'capture weir-system/everything',
    ]);
    expect(
      wakes(state.namespaces, 'shop', { ...shop, terminating: true }, (delta) => triggers.onNamespace(delta)),
    ).toEqual([]);
  });
});

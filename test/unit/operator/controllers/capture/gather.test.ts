import { beforeEach, describe, expect, test } from 'vitest';
import { AGENT_POD_LABELS } from '../../../../../src/api/names.ts';
import { gatherCapture } from '../../../../../src/operator/controllers/capture/gather.ts';
import { planCapture } from '../../../../../src/operator/controllers/capture/plan.ts';
import type { Agent } from '../../../../../src/operator/state/objects.ts';
import { newState, type State } from '../../../../../src/operator/state/state.ts';
import { agent, capture, flowExport, NOW, node, OPERATOR_NAMESPACE, pod, report } from '../../builders.ts';

let state: State;
const checkout = capture('shop/checkout', { exports: [{ name: 'x', namespace: OPERATOR_NAMESPACE }] });

function add(item: ReturnType<typeof pod>): void {
  state.pods.set(item.key, item);
  state.presence.move(undefined, item);
}

/** A node with a pod of the capture, and a FlowAgent. */
function addNode(name: string, its: Agent): void {
  state.nodes.set(name, node(name));
  state.agents.set(name, its);
  add(pod(`shop/${name}`, name));
  add(pod(`${OPERATOR_NAMESPACE}/agent-${name}`, name, { labels: AGENT_POD_LABELS }));
}

const planWith = (...uids: readonly string[]) => ({ hash: 'h', captures: new Set(uids), exports: new Set<string>() });

beforeEach(() => {
  state = newState(OPERATOR_NAMESPACE);
  state.namespaces.set('shop', { name: 'shop', labels: {}, uid: 'shop', resourceVersion: '1', terminating: false });
  state.exports.set(
    `${OPERATOR_NAMESPACE}/x`,
    flowExport(`${OPERATOR_NAMESPACE}/x`, { stdout: {}, allowedNamespaces: { from: 'All' } }),
  );
  state.captures.set(checkout.key, checkout);
});

describe('a running capture that reaches another node', () => {
  test('stays Programmed before that node has its plan, however old the plan is that it has', () => {
    const hourAgo = NOW - 3_600_000;
    addNode('n1', agent('n1', { captures: [report(checkout)] }, { plan: planWith(checkout.uid), plannedAt: hourAgo }));
    const { status } = planCapture(gatherCapture(state, checkout), NOW);
    expect(status.nodes?.summary).toBe('1/1');
    const running = { ...checkout, object: { ...checkout.object, status } };
    addNode('n2', agent('n2', {}, { plan: planWith('another'), plannedAt: hourAgo }));
    const next = planCapture(gatherCapture(state, running), NOW).status;
    expect(next.nodes?.summary).toBe('1/2');
    expect(next.conditions?.find(({ type }) => type === 'Programmed')).toMatchObject({ status: 'True' });
  });
});

describe('the last report of an agent that is gone', () => {
  test('keeps its counters, and neither its rate nor its failures', () => {
    const flows = { perSecond: 99, observed: 23, exported: 20 };
    const exports = [
      { uid: `uid-${OPERATOR_NAMESPACE}/x`, name: `${OPERATOR_NAMESPACE}/x`, state: 'Failing' } as const,
    ];
    addNode('n1', agent('n1', { captures: [report(checkout, { flows })], exports }, { plan: planWith(checkout.uid) }));
    const alive = planCapture(gatherCapture(state, checkout), NOW).status;
    expect(alive.flows).toMatchObject({ perSecond: 99, observed: 23 });
    expect(alive.conditions?.find(({ type }) => type === 'Delivering')?.reason).toBe('SinkUnreachable');
    state.nodes.set('n1', node('n1', { ready: false }));
    const gone = planCapture(gatherCapture(state, checkout), NOW).status;
    expect(gone.flows).toMatchObject({ perSecond: 0, observed: 23 });
    expect(gone.conditions?.find(({ type }) => type === 'Delivering')?.reason).toBe('Delivering');
  });
});

function deliveringMessage(spec: Parameters<typeof capture>[1], namespace = 'shop'): string | undefined {
  const { status } = planCapture(gatherCapture(state, capture(`${namespace}/typo`, spec)), NOW);
  return status.conditions?.find(({ type }) => type === 'Delivering')?.message;
}

describe('a capture that selects no pod', () => {
  test('is told of the selector that is to blame', () => {
    state.nodes.set('n1', node('n1', { labels: { disk: 'ssd' } }));
    add(pod('shop/a', 'n1', { labels: { app: 'checkout' } }));
    expect(deliveringMessage({ podSelector: { matchLabels: { app: 'chekcout' } } })).toBe(
      'no pod in namespace shop has app=chekcout; 1 pod has app=checkout',
    );
    expect(deliveringMessage({ nodeSelector: { matchLabels: { disk: 'sdd' } } })).toBe(
      'no node has disk=sdd; 1 node has disk=ssd',
    );
    state.namespaces.set('shop', {
      name: 'shop',
      labels: { team: 'shop' },
      uid: 'shop',
      resourceVersion: '2',
      terminating: false,
    });
    expect(deliveringMessage({ namespaceSelector: { matchLabels: { team: 'shpo' } } }, OPERATOR_NAMESPACE)).toBe(
      'no namespace has team=shpo; 1 namespace has team=shop',
    );
  });
});

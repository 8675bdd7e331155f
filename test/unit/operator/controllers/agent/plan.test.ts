import { describe, expect, test } from 'vitest';
import type { AgentFacts } from '../../../../../src/operator/controllers/agent/gather.ts';
import { planAgent } from '../../../../../src/operator/controllers/agent/plan.ts';
import { reportSeconds } from '../../../../../src/operator/report-interval.ts';
import type { Agent } from '../../../../../src/operator/state/objects.ts';
import { type AgentObject, reduceAgent } from '../../../../../src/operator/state/reduce.ts';
import { agent, capture, flowExport, node } from '../../builders.ts';

const checkout = capture(
  'shop/checkout',
  { exports: [{ name: 'archive', namespace: 'weir-system' }] },
  { generation: 3 },
);
const archive = flowExport('weir-system/archive', { file: { path: '/flows' }, allowedNamespaces: { from: 'All' } });

function facts(rest: Partial<AgentFacts> = {}): AgentFacts {
  return {
    node: node('worker-1'),
    agent: undefined,
    nodeCount: 3,
    captures: [checkout],
    nextEnd: undefined,
    exports: [archive],
    countersPending: false,
    namespaceLabels: () => ({}),
    ...rest,
  };
}

/** The FlowAgent as it stands after a write: as JSON, which is what comes back. */
function stored(of: AgentFacts): Agent {
  const { write } = planAgent(of);
  const object: AgentObject = JSON.parse(JSON.stringify(write));
  return { ...reduceAgent(object, undefined), uid: 'agent-worker-1' };
}

describe('the FlowAgent of a node', () => {
  test('is owned by its Node, keeps its counters until they are taken over, and holds the plan', () => {
    const { write, refused } = planAgent(facts());
    expect(refused).toEqual(new Set());
    expect(write).toMatchObject({
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'FlowAgent',
      metadata: {
        name: 'worker-1',
        finalizers: ['weir.dev/retire'],
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'worker-1', uid: 'uid-worker-1' }],
      },
      spec: {
        plan: {
          node: 'worker-1',
          reportSeconds: 10,
          programs: ['tcp'],
          captures: [
            {
              index: 0,
              name: 'shop/checkout',
              uid: 'uid-shop/checkout',
              generation: 3,
              needs: ['protocol.TCP'],
              exports: [0],
            },
          ],
          exports: [{ index: 0, name: 'weir-system/archive', uid: 'uid-weir-system/archive', generation: 1 }],
        },
      },
    });
    expect(write?.metadata).not.toHaveProperty('uid');
  });

  test('is left alone where it is as it should be, and mended where somebody has changed it', () => {
    const good = stored(facts());
    expect(planAgent(facts({ agent: good })).write).toBeUndefined();
    expect(planAgent(facts({ agent: { ...good, finalizers: [] } })).write).toBeDefined();
    expect(planAgent(facts({ agent: { ...good, owner: undefined } })).write?.metadata.uid).toBe('agent-worker-1');
    const edited = { ...good.plan, hash: undefined };
    expect(planAgent(facts({ agent: { ...good, plan: edited } })).write?.spec.plan.hash).toBe(good.plan.hash);
  });

  test('changes with a generation, and has no plan for a capture whose export is missing', () => {
    const good = stored(facts());
    const next = {
      ...checkout,
      object: { ...checkout.object, metadata: { ...checkout.object.metadata, generation: 4 } },
    };
    expect(planAgent(facts({ agent: good, captures: [next] })).write).toBeDefined();
    expect(planAgent(facts({ exports: [] })).write?.spec).toMatchObject({ plan: { captures: [], exports: [] } });
  });

  test('waits where it belongs to a Node that is gone, and where there is no Node', () => {
    expect(planAgent(facts({ agent: agent('worker-1', {}, { owner: 'uid-former' }) })).write).toBeUndefined();
    expect(planAgent(facts({ node: undefined })).write).toBeUndefined();
    expect(planAgent(facts({ node: undefined, agent: stored(facts()) })).write).toBeUndefined();
  });

  test('that is being deleted is let go once its counters are taken over', () => {
    const going = { ...stored(facts()), terminating: true };
    expect(planAgent(facts({ agent: going, countersPending: true })).write).toBeUndefined();
    expect(planAgent(facts({ agent: going, countersPending: true })).release).toBe(false);
    expect(planAgent(facts({ agent: going }))).toEqual({ write: undefined, release: true, refused: undefined });
    expect(planAgent(facts({ agent: { ...going, finalizers: ['other'] } })).release).toBe(false);
  });

  test('names the captures that do not fit', () => {
    const many = Array.from({ length: 259 }, (_, at) => capture(`shop/c${String(at).padStart(3, '0')}`));
    expect(planAgent(facts({ captures: many })).refused).toEqual(
      new Set(['uid-shop/c256', 'uid-shop/c257', 'uid-shop/c258']),
    );
  });
});

test('all agents together write less than 20 times a second, in steps that one node more seldom takes', () => {
  const at = [1, 200, 201, 400, 401, 800, 1000, 1600, 1601].map((nodes) => [nodes, reportSeconds(nodes)]);
  expect(at).toEqual([
    [1, 10],
    [200, 10],
    [201, 20],
    [400, 20],
    [401, 40],
    [800, 40],
    [1000, 80],
    [1600, 80],
    [1601, 160],
  ]);
});

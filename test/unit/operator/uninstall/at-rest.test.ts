import { describe, expect, test } from 'vitest';
import { outstanding, restingAgent } from '../../../../src/operator/uninstall/at-rest.ts';
import { canonicalJson, sha256 } from '../../../../src/plan/canonical.ts';

const OWNER = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-1' };
const HASHES = new Map([
  ['n1', 'empty-1'],
  ['n2', 'empty-2'],
]);

function agent(name: string, planHash?: string, observedGeneration = 7) {
  const metadata = { name, uid: `agent-${name}`, generation: 7 };
  const plan = { hash: HASHES.get(name) ?? '', node: name, reportSeconds: 10, programs: [], captures: [], exports: [] };
  return { metadata, spec: { plan }, ...(planHash !== undefined && { status: { planHash, observedGeneration } }) };
}

function pod(nodeName: string, { ready = true, ending = false } = {}) {
  return {
    metadata: {
      name: `weir-agent-${nodeName}`,
      namespace: 'weir-system',
      ...(ending && { deletionTimestamp: '2026-11-25T12:00:00Z' }),
    },
    spec: { nodeName },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

describe('a FlowAgent at rest', () => {
  test('has an empty plan under its own hash, stays its Node’s, and says nothing of finalizers', () => {
    const { metadata, spec } = restingAgent({
      metadata: { name: 'n1', uid: 'agent-1', finalizers: ['weir.dev/retire'], ownerReferences: [OWNER] },
      spec: { plan: { hash: 'old', node: 'n1', reportSeconds: 20, programs: ['tcp'], captures: [], exports: [] } },
    });
    expect(metadata).toEqual({ name: 'n1', uid: 'agent-1', ownerReferences: [OWNER] });
    const { hash, ...content } = spec.plan;
    expect(content).toEqual({ node: 'n1', reportSeconds: 20, programs: [], captures: [], exports: [] });
    expect(hash).toBe(sha256(canonicalJson(content)));
  });

  test('has a plan that the schema takes, whatever somebody has made of it', () => {
    expect(restingAgent({ metadata: { name: 'n1' } }).spec.plan.reportSeconds).toBe(10);
  });
});

describe('what is outstanding', () => {
  test.each([
    ['nothing, when every agent runs its empty plan', [agent('n1', 'empty-1'), agent('n2', 'empty-2')], [], []],
    ['an agent that runs another plan, or has said nothing', [agent('n1', 'old'), agent('n2')], ['n1', 'n2'], []],
    ['an agent that ran an empty plan before', [agent('n1', 'empty-1', 5), agent('n2', 'empty-2', 8)], ['n1'], []],
    ["another node's empty plan is none of one's own", [agent('n1', 'empty-2'), agent('n2', 'empty-2')], ['n1'], []],
    ['not one that is gone, nor one that came later', [agent('n3', 'old')], [], []],
  ] as const)('%s', (_, agents, behind, silent) => {
    expect(outstanding(HASHES, agents, [pod('n1'), pod('n2')])).toEqual({ behind, silent, replanned: [] });
  });

  test.each([
    ['without a pod', []],
    ['whose pod is not ready', [pod('n1', { ready: false })]],
    ['whose pod is about to go', [pod('n1', { ending: true })]],
  ])('an agent %s is silent, and not waited for', (_, pods) => {
    expect(outstanding(HASHES, [agent('n1', 'old'), agent('n2', 'empty-2')], pods)).toEqual({
      behind: [],
      silent: ['n1'],
      replanned: [],
    });
  });

  test('a plan that somebody has written since is told apart', () => {
    const { metadata, spec } = agent('n1');
    const anew = { metadata, spec: { plan: { ...spec.plan, hash: 'new' } } };
    expect(outstanding(HASHES, [anew, agent('n2', 'empty-2')], [])).toMatchObject({ replanned: ['n1'] });
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptCapture } from '../../src/operator/acceptance.ts';
import { Api, ApiError } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { helmFor } from '../support/cluster/helm.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { type AgentPod, agentPods, installChart, roomyNode, upgradeChart } from '../support/operator/chart.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { AGENT, type World } from '../support/operator/world.ts';

/** The chart's admission policies: what a stolen agent token cannot write, and what a tenant cannot ask for. */

const reason = whyNoCluster();
const NODES = ['n1', 'n2'];
const WEIR = '/apis/weir.dev/v1alpha1';
const WIDE = { namespaceSelector: {} };
const NOSY = { peers: [{ action: 'Include' as const, namespaceSelector: {} }] };

let cluster: Cluster;
let world: World;
let pods: readonly AgentPod[];

/** The agent of a node, by the token that its kubelet would have mounted into its pod. */
async function agentOf(node: string): Promise<Api> {
  const pod = pods.find((other) => other.node === node)?.name ?? '';
  return new Api(await cluster.kubeconfigFor(AGENT, { pod }));
}

function report(who: Api, node: string): Promise<unknown> {
  const applied = { apiVersion: 'weir.dev/v1alpha1', kind: 'FlowAgent', metadata: { name: node }, status: {} };
  return who.apply(`${WEIR}/flowagents/${node}/status`, applied, { fieldManager: 'weir-agent', force: true });
}

/** The refusal; @throws Error when there is none. */
async function refusalOf(request: Promise<unknown>): Promise<ApiError> {
  try {
    await request;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Whatever the objects say: a policy is enforced some time after it was made. */
async function untilEnforced(): Promise<void> {
  const unbound = new Api(await cluster.kubeconfigFor(AGENT));
  await eventually(() => refusalOf(report(unbound, 'n1')), { what: 'the policy on reports is enforced' });
  await eventually(
    async () => {
      const refusal = await refusalOf(world.capture('shop/probe', WIDE)).catch(() => undefined);
      if (refusal !== undefined) return;
      await world.deleteCapture('shop/probe');
      throw new Error('a wide capture was not refused');
    },
    { what: 'the policy on captures is enforced' },
  );
}

async function untilPlanned(): Promise<void> {
  const operator = await OperatorProcess.start(cluster);
  try {
    await eventually(
      async () => {
        const names = (await world.agents()).map(({ metadata }) => metadata.name);
        if (names.length !== NODES.length) throw new Error(`only ${names.join()} have plans`);
      },
      { what: 'every node has its plan' },
    );
  } finally {
    await operator.kill();
  }
}

describe.skipIf(reason !== undefined)(`the admission policies ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    const helm = await helmFor(cluster);
    world = await installChart(cluster, helm, '--set', 'admissionPolicies.enabled=false');
    await world.namespace('shop');
    for (const node of NODES) await roomyNode(world, node);
    pods = await agentPods(world, NODES);
    await untilPlanned();
    await world.capture('shop/older', WIDE);
    await world.capture('shop/nosy', NOSY);
    await upgradeChart(helm);
    await untilEnforced();
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('let an agent report on its own node', async () => {
    for (const node of NODES) await report(await agentOf(node), node);
    expect((await world.getAgent('n1'))['status']).toBeDefined();
  });

  test('do not let an agent report on another node', async () => {
    const { code, message } = await refusalOf(report(await agentOf('n1'), 'n2'));
    expect(code).toBe(403);
    expect(message).toMatch(/denied request: the agent of node n1 may report on FlowAgent n1 only, not on n2$/);
  });

  test('refuse a token of an agent that no kubelet gave to a pod', async () => {
    const unbound = new Api(await cluster.kubeconfigFor(AGENT));
    const { code, message } = await refusalOf(report(unbound, 'n1'));
    expect(code).toBe(403);
    expect(message).toMatch(
      /denied request: this token of an agent says no node: only one that is bound to an agent's pod does/,
    );
  });

  test.each([
    [
      'change the plan of its node',
      (who: Api) => who.patch(`${WEIR}/flowagents/n1`, { spec: { plan: { hash: 'x' } } }),
    ],
    ['read a Secret', (who: Api) => who.get('/api/v1/namespaces/weir-system/secrets/sh.helm.release.v1.weir.v1')],
    ['list Secrets', (who: Api) => who.list('/api/v1/secrets')],
    ['read captures', (who: Api) => who.list(`${WEIR}/flowcaptures`)],
    ['make a FlowAgent', (who: Api) => who.create(`${WEIR}/flowagents`, { metadata: { name: 'n3' } })],
    ['delete a FlowAgent', (who: Api) => who.delete(`${WEIR}/flowagents/n2`)],
  ])('leave it to the rights that an agent cannot %s', async (_, ask) => {
    const { code, reason: why } = await refusalOf(ask(await agentOf('n1')));
    expect([code, why]).toEqual([403, 'Forbidden']);
  });

  test('change no plan by a report that has one in it', async () => {
    const before = (await world.getAgent('n1')).spec;
    const forged = { ...before, plan: { ...before.plan, hash: 'f'.repeat(64) } };
    const who = await agentOf('n1');
    await who.patch(`${WEIR}/flowagents/n1/status`, { spec: forged, status: { version: '6.6.6' } });
    const after = await world.getAgent('n1');
    expect([after.spec, after.status?.version]).toEqual([before, '6.6.6']);
  });

  test('refuse a capture of other namespaces outside of the release namespace, in the words of the operator', async () => {
    const { code, message } = await refusalOf(world.capture('shop/wide', WIDE));
    expect(code).toBe(422);
    expect(message).toContain(
      `denied request: ${acceptCapture(await world.getCapture('shop/older'), 'weir-system').message}`,
    );
  });

  test('refuse peers of other namespaces by label there, too, in the words of the operator', async () => {
    const { code, message } = await refusalOf(world.capture('shop/nosier', NOSY));
    expect(code).toBe(422);
    expect(message).toContain(
      `denied request: ${acceptCapture(await world.getCapture('shop/nosy'), 'weir-system').message}`,
    );
    await world.api.patch(`${WEIR}/namespaces/shop/flowcaptures/nosy`, { metadata: { labels: { team: 'shop' } } });
    await world.capture('shop/own', { peers: [{ action: 'Include', podSelector: {} }] });
    await world.capture('weir-system/nosy', NOSY);
  });

  test('let captures of their own namespace, and wide ones beside the operator, be', async () => {
    await world.capture('weir-system/wide', WIDE);
    await world.capture('shop/narrow', { podSelector: { matchLabels: { app: 'checkout' } } });
    expect((await refusalOf(world.capture('shop/narrow', WIDE))).code).toBe(422);
  });

  test('let a capture that is older than they are be labelled, but not become another wide one', async () => {
    const path = `${WEIR}/namespaces/shop/flowcaptures/older`;
    await world.api.patch(path, { metadata: { labels: { team: 'shop' } } });
    const wider = { spec: { namespaceSelector: { matchLabels: { team: 'bank' } } } };
    expect((await refusalOf(world.api.patch(path, wider))).code).toBe(422);
    await world.api.patch(path, { spec: { namespaceSelector: null } });
    expect((await refusalOf(world.api.patch(path, wider))).code).toBe(422);
  });
});

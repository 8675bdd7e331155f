import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/cluster/fault-proxy.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentProcess } from '../support/operator/agent-process.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { granted, rolesIn, used } from '../support/operator/rights.ts';
import { AGENT, OPERATOR, World } from '../support/operator/world.ts';

/** config/rbac grants what is used and nothing else: the API server's audit log against the roles, verb by verb. */

const reason = whyNoCluster();
const [OPERATOR_USER, AGENT_USER] = [OPERATOR, AGENT].map(
  ({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`,
);

let cluster: Cluster;
let world: World;
let proxy: FaultProxy;

/** Whether an agent has a right, as the API server sees it. */
async function agentMay(right: readonly string[]): Promise<string> {
  const as = '--as=system:serviceaccount:weir-system:weir-agent';
  return (await cluster.kubectl(['auth', 'can-i', ...right, as, '-A'])).stdout.trim();
}

describe.skipIf(reason !== undefined)(`the rights of config/rbac ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    proxy = await startFaultProxy(cluster);
    await world.namespace('shop');
    for (const node of ['n1', 'n2']) {
      await world.node(node);
      await world.pod(`shop/checkout-${node}`, node);
    }
    await world.export('weir-system/archive', { stdout: {}, allowedNamespaces: { from: 'All' } });
    await world.capture('shop/checkout', { exports: [{ name: 'archive', namespace: 'weir-system' }] });
  });

  afterAll(async () => {
    await proxy?.stop();
    await cluster?.stop();
  });

  test('of the operator are those that it uses, to the last verb, and no wildcard', async () => {
    const agents = await AgentStandIn.create(cluster);
    // An API server without streaming lists makes it list: every watch has to ask once.
    proxy.answerNext(6, ({ query }) => query.get('sendInitialEvents') === 'true', { status: 422 });
    const operator = await OperatorProcess.start(cluster, { server: proxy.server });
    await eventually(
      async () => {
        await agents.reportAll();
        const { status } = await world.getCapture('shop/checkout');
        expect(status?.nodes?.summary).toBe('2/2');
      },
      { what: 'it does its work' },
    );
    // The whole way of a node that goes, too.
    await world.deleteNode('n2');
    await eventually(async () => expect(await world.agents()).toHaveLength(1), {
      what: 'the FlowAgent has gone with its node',
      timeoutMillis: 30_000,
    });
    await operator.kill();
    // A watch is noted once it has ended.
    await eventually(
      async () =>
        expect(used(await cluster.auditEvents(), OPERATOR_USER)).toEqual(granted('config/rbac/operator.yaml')),
      {
        what: 'every right was used',
      },
    );
    const refused = (await cluster.auditEvents()).filter(({ user, code }) => user === OPERATOR_USER && code === 403);
    expect(refused).toEqual([]);
  }, 90_000);

  test.each(['operator', 'agent'])('of the %s come from one role of its own', (name) => {
    const all = rolesIn(`config/rbac/${name}.yaml`);
    const bound = all.flatMap(({ roleRef }) => (roleRef === undefined ? [] : [`${roleRef.kind} ${roleRef.name}`]));
    expect(bound).toEqual([`ClusterRole weir-${name}`]);
    expect(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      `ServiceAccount weir-${name}`,
      `ClusterRole weir-${name}`,
      `ClusterRoleBinding weir-${name}`,
    ]);
    expect(
      all
        .flatMap(({ rules }) => rules ?? [])
        .flatMap((rule) => Object.keys(rule))
        .filter((key) => !['apiGroups', 'resources', 'verbs'].includes(key)),
    ).toEqual([]);
  });

  test('of an agent are those that it uses, to the last verb, and let it read no secret and write no plan', async () => {
    const standIn = await AgentStandIn.create(cluster);
    const operator = await OperatorProcess.start(cluster);
    await eventually(async () => expect((await world.getAgent('n1')).spec.plan.captures).toHaveLength(1), {
      what: 'n1 has a plan',
    });
    // Its report is a real agent's; that of a stand-in has the same rights.
    await standIn.report('n1');
    proxy.answerNext(3, ({ query }) => query.get('sendInitialEvents') === 'true', { status: 422 });
    const agent = await AgentProcess.start(cluster, 'n1', { server: proxy.server });
    await eventually(
      async () => expect((await world.getAgent('n1')).status?.conditions?.[0]).toMatchObject({ type: 'Ready' }),
      { what: 'it has reported' },
    );
    await agent.stop();
    await operator.kill();
    await eventually(
      async () => expect(used(await cluster.auditEvents(), AGENT_USER)).toEqual(granted('config/rbac/agent.yaml')),
      { what: 'every right was used' },
    );
    const refused = (await cluster.auditEvents()).filter(({ user, code }) => user === AGENT_USER && code === 403);
    expect(refused).toEqual([]);
    for (const right of [
      ['patch', 'flowagents'],
      ['list', 'flowcaptures'],
      ['get', 'secrets'],
      ['list', 'secrets'],
      ['get', 'nodes'],
    ]) {
      expect([right, await agentMay(right)]).toEqual([right, 'no']);
    }
  }, 90_000);
});

import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../support/cluster/audit.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { OPERATOR, World } from '../support/operator/world.ts';

/** What the operator writes, counted by the API server's own audit log: as much as changes, once, and nothing else. */

const reason = whyNoCluster();
const OPERATOR_USER = `system:serviceaccount:${OPERATOR.namespace}:${OPERATOR.name}`;
const READS = new Set(['get', 'list', 'watch']);
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];

let cluster: Cluster;
let world: World;
let agents: AgentStandIn;
let operator: OperatorProcess;

async function writes(): Promise<readonly AuditEvent[]> {
  return (await cluster.auditEvents()).filter(({ user, verb }) => user === OPERATOR_USER && !READS.has(verb));
}

function textOf({ resource, subresource, namespace, name }: AuditEvent): string {
  const object = namespace === undefined ? name : `${namespace}/${name}`;
  return `${resource}${subresource === undefined ? '' : `/${subresource}`} ${object}`;
}

/** Waits until the agents run what is planned and the operator has nothing to do any more. */
async function settle(): Promise<void> {
  await eventually(
    async () => {
      expect(await agents.reportAll()).toBe(0);
      const [first, metrics] = [(await writes()).length, await operator.metrics()];
      expect([...metrics].filter(([name, value]) => name.startsWith('weir_operator_queue_size') && value > 0)).toEqual(
        [],
      );
      // A write that is under way is answered, noted and comes back as an event within this time.
      await pause(300);
      expect((await writes()).length).toBe(first);
    },
    { what: 'the operator has nothing to do', timeoutMillis: 20_000 },
  );
}

/** What the operator writes because of a change, until it has nothing to do any more; sorted. */
async function writtenBy(change: () => Promise<unknown>): Promise<string[]> {
  const before = (await writes()).length;
  await change();
  await settle();
  return (await writes()).slice(before).map(textOf).toSorted();
}

async function plansWrittenBy(change: () => Promise<unknown>): Promise<string[]> {
  return (await writtenBy(change)).filter((text) => text.startsWith('flowagents'));
}

function checkoutSelects(app: string): Promise<void> {
  return world.capture('shop/checkout', { podSelector: { matchLabels: { app } } });
}

describe.skipIf(reason !== undefined)(`what the operator writes ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    agents = await AgentStandIn.create(cluster);
    await world.namespace('shop');
    await world.namespace('bank');
    for (const node of NODES) await world.node(node);
    for (const node of ['n1', 'n2', 'n3']) await world.pod(`shop/checkout-${node}`, node, { app: 'checkout' });
    await world.pod('bank/ledger', 'n4', { app: 'ledger' });
    await checkoutSelects('checkout');
    await world.capture('shop/on-n1', { nodeSelector: { matchLabels: { only: 'n1' } } });
    await world.capture('bank/ledger', {});
    operator = await OperatorProcess.start(cluster);
    await settle();
  });

  afterAll(async () => {
    await operator?.kill();
    await cluster?.stop();
  });

  test('the first plan of every node is written once', async () => {
    const plans = (await writes()).filter(({ resource }) => resource === 'flowagents').map(textOf);
    expect(plans.toSorted()).toEqual(NODES.map((node) => `flowagents ${node}`));
  });

  test('a capture changed: exactly the FlowAgents that it is on, once', async () => {
    const plans = await plansWrittenBy(() => checkoutSelects('other'));
    expect(plans).toEqual(['flowagents n1', 'flowagents n2', 'flowagents n3']);
    expect(await plansWrittenBy(() => checkoutSelects('checkout'))).toEqual(plans);
  });

  test("a pod's label changed: no plan, and the status of the captures that it matters to", async () => {
    const written = await writtenBy(() => world.labelPod('shop/checkout-n1', { app: 'payments' }));
    expect(written).toEqual(['flowcaptures/status shop/checkout']);
    expect((await world.getCapture('shop/checkout')).status?.matchedPods).toBe(2);
  });

  test('a pod more where the namespace has one already: no plan', async () => {
    const written = await writtenBy(() => world.pod('shop/checkout-more', 'n2', { app: 'checkout' }));
    expect(written).toEqual(['flowcaptures/status shop/checkout']);
  });

  test('the first pod of a namespace on a node: that plan alone; the last one gone: again', async () => {
    expect(await plansWrittenBy(() => world.pod('shop/far', 'n5', { app: 'x' }))).toEqual(['flowagents n5']);
    expect((await world.getAgent('n5')).spec.plan.captures.map(({ name }) => name)).toEqual(['shop/checkout']);
    expect(await plansWrittenBy(() => world.deletePod('shop/far'))).toEqual(['flowagents n5']);
    expect((await world.getAgent('n5')).spec.plan.captures).toEqual([]);
  });

  test("a node's label changed: its plan alone", async () => {
    const label = () => world.kubectl('label', 'node', 'n1', 'only=n1');
    expect(await plansWrittenBy(label)).toEqual(['flowagents n1']);
    expect((await world.getAgent('n1')).spec.plan.captures.map(({ name }) => name)).toEqual([
      'shop/checkout',
      'shop/on-n1',
    ]);
  });

  test('a plan that somebody edits is put right', async () => {
    await world.kubectl('patch', 'fa', 'n4', '--type=merge', '-p', '{"spec":{"plan":{"captures":[]}}}');
    await settle();
    expect((await world.getAgent('n4')).spec.plan.captures.map(({ name }) => name)).toEqual(['bank/ledger']);
  });

  test('a quiet minute: nothing at all', async () => {
    const before = await writes();
    await pause(60_000);
    expect((await writes()).slice(before.length).map(textOf)).toEqual([]);
  }, 90_000);

  test.each(readdirSync('config/samples'))('kubectl diff of %s is empty after apply and reconcile', async (sample) => {
    const file = `config/samples/${sample}`;
    await world.kubectl('apply', '-f', file);
    await settle();
    const client = await cluster.kubectl(['diff', '-f', file]);
    expect(client).toMatchObject({ status: 0, stdout: '' });
    await world.kubectl('apply', '--server-side', '--force-conflicts', '-f', file);
    await settle();
    expect(await cluster.kubectl(['diff', '--server-side', '-f', file])).toMatchObject({ status: 0, stdout: '' });
    await world.kubectl('delete', '-f', file);
    await settle();
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { World } from '../support/operator/world.ts';

/** durationSeconds on a real API server, with operators that come and go: the end is the object's, not the process'. */

const reason = whyNoCluster();
const NODES = ['n1', 'n2'];
const PATIENCE = { timeoutMillis: 20_000 };
const FLOWS = { perSecond: 0, observed: 7, exported: 5, filtered: 0, sampledOut: 0, lost: 2 };

let cluster: Cluster;
let world: World;
let agents: AgentStandIn;

/** How often each node's plan has the capture: 0 or 1. */
async function planned(key: string): Promise<number[]> {
  const plans = (await world.agents()).map(({ spec }) => spec.plan.captures);
  return plans.map((captures) => captures.filter(({ name }) => name === key).length);
}

async function ready(key: string): Promise<string | undefined> {
  const { metadata, status } = await world.getCapture(key);
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  return condition?.observedGeneration === metadata.generation ? condition?.reason : undefined;
}

async function becomes(key: string, why: string, plans: readonly number[]): Promise<void> {
  await eventually(async () => expect([await ready(key), await planned(key)]).toEqual([why, plans]), {
    ...PATIENCE,
    what: `${key} is ${why}, in plans: ${plans.join()}`,
  });
}

/** ms since the epoch. */
async function endOf(key: string, durationSeconds: number): Promise<number> {
  const { metadata, status } = await world.getCapture(key);
  const end = Date.parse(metadata.creationTimestamp ?? '') + durationSeconds * 1000;
  expect(Date.parse(status?.endTime ?? '')).toBe(end);
  return end;
}

describe.skipIf(reason !== undefined)(`durationSeconds ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    agents = await AgentStandIn.create(cluster);
    await world.namespace('shop');
    for (const node of NODES) {
      await world.node(node);
      await world.pod(`shop/checkout-${node}`, node, { app: 'checkout' });
    }
  });

  afterAll(() => cluster?.stop());

  test('ends a capture while no operator runs: the next one takes it out of every plan, with its counters', async () => {
    const seconds = 6;
    const first = await OperatorProcess.start(cluster);
    try {
      await world.capture('shop/short', { durationSeconds: seconds });
      await world.capture('shop/always');
      await becomes('shop/short', 'AgentNotReporting', [1, 1]);
      await agents.report('n1', { captures: { 'shop/short': { flows: FLOWS } } });
      await agents.report('n2');
      await becomes('shop/short', 'Delivering', [1, 1]);
    } finally {
      await first.kill();
    }
    const end = await endOf('shop/short', seconds);
    await eventually(() => expect(Date.now()).toBeGreaterThan(end), { ...PATIENCE, what: 'its time is over' });
    expect(await ready('shop/short')).toBe('Delivering');

    await using _ = await OperatorProcess.start(cluster);
    await becomes('shop/short', 'Completed', [0, 0]);
    expect(await planned('shop/always')).toEqual([1, 1]);
    await agents.catchUp();
    expect((await world.getCapture('shop/short')).status?.flows).toEqual(FLOWS);
    expect(await endOf('shop/short', seconds)).toBe(end);
    expect(await world.kubectl('get', 'fc', 'short', '-n', 'shop')).toMatch(/^short +True +Completed +2 +0\/0 +0 +2 /m);
  });

  test('ends it at its time under another operator than the one that began it, and goes on where it is made longer', async () => {
    const seconds = 10;
    const first = await OperatorProcess.start(cluster);
    await world.capture('shop/handed', { durationSeconds: seconds });
    try {
      await becomes('shop/handed', 'AgentNotReporting', [1, 1]);
    } finally {
      await first.kill();
    }
    await using _ = await OperatorProcess.start(cluster);
    const end = await endOf('shop/handed', seconds);
    expect(await planned('shop/handed')).toEqual([1, 1]);
    await becomes('shop/handed', 'Completed', [0, 0]);
    expect(Date.now()).toBeGreaterThanOrEqual(end);

    await world.capture('shop/handed', { durationSeconds: 3600 });
    await becomes('shop/handed', 'AgentNotReporting', [1, 1]);
    expect(await endOf('shop/handed', 3600)).toBe(end + (3600 - seconds) * 1000);
  });
});

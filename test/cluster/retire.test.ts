import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { World } from '../support/operator/world.ts';

/** Totals never step back: what a node has counted is taken over before its FlowAgent goes, exactly once. */

const reason = whyNoCluster();
const NODES = ['n1', 'n2', 'n3'];

let cluster: Cluster;
let world: World;
let agents: AgentStandIn;

const EXPORT = 'weir-system/archive';
const CAPTURE = 'shop/checkout';
const FLOWS = { perSecond: 1, observed: 23, exported: 20, filtered: 1, sampledOut: 0, lost: 2 };

async function totals(): Promise<{ readonly observed: number | undefined; readonly delivered: number | undefined }> {
  const [capture, target] = [await world.getCapture(CAPTURE), await world.getExport(EXPORT)];
  return { observed: capture.status?.flows?.observed, delivered: target.status?.delivered };
}

async function agentNames(): Promise<string[]> {
  return (await world.agents()).map(({ metadata }) => metadata.name).toSorted();
}

describe.skipIf(reason !== undefined)(`nodes that go ${reason ?? ''}`, () => {
  beforeAll(async () => {
    cluster = await startCluster();
    world = await World.install(cluster);
    agents = await AgentStandIn.create(cluster);
    await world.namespace('shop');
    for (const node of NODES) {
      await world.node(node);
      await world.pod(`shop/checkout-${node}`, node, { app: 'checkout' });
    }
    await world.export(EXPORT, { stdout: {}, allowedNamespaces: { from: 'All' } });
    await world.capture(CAPTURE, { exports: [{ name: 'archive', namespace: 'weir-system' }] });
  });

  afterAll(async () => {
    await cluster?.stop();
  });

  test('leave their counters, also when the operator is killed between any two of its steps', async () => {
    const saying = {
      captures: { [CAPTURE]: { flows: FLOWS } },
      exports: { [EXPORT]: { state: 'Delivering', delivered: 20 } },
    } as const;
    await using first = await OperatorProcess.start(cluster);
    await eventually(async () => expect(await agentNames()).toEqual(NODES), { what: 'every node has its plan' });
    for (const node of NODES) await agents.report(node, saying);
    const all = { observed: 3 * FLOWS.observed, delivered: 60 };
    await eventually(async () => expect(await totals()).toEqual(all), { what: 'all is summed', timeoutMillis: 15_000 });
    await first.kill();

    // Nobody takes the counters over: the FlowAgent waits.
    await world.deleteNode('n1');
    await eventually(async () => expect((await world.getAgent('n1')).metadata['deletionTimestamp']).toBeDefined(), {
      what: 'the garbage collector has deleted the FlowAgent',
      timeoutMillis: 30_000,
    });
    expect(await agentNames()).toEqual(NODES);

    for (let kills = 0; (await agentNames()).includes('n1'); kills += 1) {
      expect(kills).toBeLessThan(20);
      const operator = await OperatorProcess.start(cluster);
      expect(await totals()).toEqual(all);
      await operator.kill();
      expect(await totals()).toEqual(all);
    }
    await using last = await OperatorProcess.start(cluster);
    await eventually(
      async () => {
        const { status } = await world.getCapture(CAPTURE);
        expect(status?.retired).toEqual({
          observed: 23,
          exported: 20,
          filtered: 1,
          sampledOut: 0,
          lost: 2,
          agents: [],
        });
        expect((await world.getExport(EXPORT)).status?.retired).toEqual({ delivered: 20, dropped: 0, agents: [] });
      },
      { what: 'the FlowAgent is forgotten once it is gone' },
    );
    expect(await totals()).toEqual(all);
    expect(last.failure).toBeUndefined();

    // The same name again is another node: it counts from nothing, and is added to what was.
    await world.deletePod('shop/checkout-n1');
    await world.node('n1', { agent: false });
    await world.pod('shop/checkout-n1', 'n1', { app: 'checkout' });
    await eventually(async () => expect((await world.getAgent('n1')).spec.plan.captures).toHaveLength(1), {
      what: 'the new node has its plan',
    });
    await agents.report('n1', saying);
    await eventually(async () => expect(await totals()).toEqual({ observed: 4 * FLOWS.observed, delivered: 80 }), {
      what: 'the new node counts',
      timeoutMillis: 15_000,
    });
  }, 120_000);
});

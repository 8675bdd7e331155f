import { beforeEach, describe, expect, test } from 'vitest';
import { type AgentMetrics, agentMetrics, type CountedFlows } from '../../../src/telemetry/agent-metrics.ts';
import { account, agentReport, exportAccount } from '../agent/cluster/reports.ts';

let counted: CountedFlows;
let ages: Record<string, number>;
let pods: number;
let relief: number;
let looks: number;
let metrics: AgentMetrics;

beforeEach(() => {
  [ages, pods, relief] = [{}, 0, 0];
  counts(agentReport());
  looks = 0;
  const report = () => {
    looks += 1;
    return counted;
  };
  metrics = agentMetrics({ watchAges: () => Object.entries(ages), report, pods: () => pods, relief: () => relief });
});

function counts({ accounts, exports, node }: ReturnType<typeof agentReport>): void {
  counted = { accounts, exports, node: { ...node } };
}

/** Every sample of a metric as it is scraped, without its name. */
async function samples(name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.map((line) => line.slice(name.length).trim());
}

describe('the metrics of an agent', () => {
  test('are read from one report a scrape', async () => {
    for (let scrape = 1; scrape <= 2; scrape += 1) {
      await metrics.registry.metrics();
      expect(looks).toBe(scrape);
    }
  });

  test('tell of every capture what became of its flows, by reason', async () => {
    const lost = { ...account(0).lost, ringFull: 1, queueFull: 2 };
    const filtered = { ...account(0).filtered, notSelected: 3 };
    counts(agentReport([account(0, { observed: 23, exported: 17, sampledOut: 0, filtered, lost }), account(1)]));
    expect(await samples('weir_agent_flows_total')).toEqual([
      '{capture="shop/c0",what="observed"} 23',
      '{capture="shop/c0",what="redelivered"} 0',
      '{capture="shop/c0",what="exported"} 17',
      '{capture="shop/c0",what="sampledOut"} 0',
      '{capture="shop/c1",what="observed"} 0',
      '{capture="shop/c1",what="redelivered"} 0',
      '{capture="shop/c1",what="exported"} 0',
      '{capture="shop/c1",what="sampledOut"} 0',
    ]);
    expect((await samples('weir_agent_flows_lost_total')).slice(0, 7)).toEqual([
      '{capture="shop/c0",what="ringFull"} 1',
      '{capture="shop/c0",what="tooManyConnections"} 0',
      '{capture="shop/c0",what="storageUnavailable"} 0',
      '{capture="shop/c0",what="rateLimited"} 0',
      '{capture="shop/c0",what="queueFull"} 2',
      '{capture="shop/c0",what="sinkFailed"} 0',
      '{capture="shop/c0",what="drainTimeout"} 0',
    ]);
    expect((await samples('weir_agent_flows_filtered_total')).slice(0, 5)).toEqual([
      '{capture="shop/c0",what="direction"} 0',
      '{capture="shop/c0",what="peer"} 0',
      '{capture="shop/c0",what="peerUnknown"} 0',
      '{capture="shop/c0",what="notSelected"} 3',
      '{capture="shop/c0",what="captureEnded"} 0',
    ]);
  });

  test('tell of every export what it delivered, gave up, and what waits', async () => {
    counts(agentReport([], [exportAccount(0, { delivered: 23, dropped: 3, backlog: 5 })]));
    expect(await samples('weir_agent_delivered_total')).toEqual(['{export="ops/x0"} 23']);
    expect(await samples('weir_agent_dropped_total')).toEqual(['{export="ops/x0"} 3']);
    expect(await samples('weir_agent_backlog')).toEqual(['{export="ops/x0"} 5']);
  });

  test('are read anew with every scrape: totals are not added up, what is gone is not told any more', async () => {
    counts(agentReport([account(0, { observed: 23 })], [exportAccount(0, { backlog: 5 })]));
    await metrics.registry.metrics();
    counts(agentReport([account(0, { observed: 29 })]));
    expect((await samples('weir_agent_flows_total'))[0]).toBe('{capture="shop/c0",what="observed"} 29');
    expect(await samples('weir_agent_backlog')).toEqual([]);
  });

  test('sum the captures of one name, whose total goes on when one follows the other', async () => {
    counts(agentReport([account(0, { observed: 23 }), account(4, { capture: 'shop/c0', observed: 7 })]));
    expect((await samples('weir_agent_flows_total'))[0]).toBe('{capture="shop/c0",what="observed"} 30');
  });

  test('tell of the node as totals what grows, and as a state what comes and goes, and nothing twice', async () => {
    const { node } = agentReport();
    counts({ ...agentReport(), node: { ...node, malformed: 7, openConnections: 11, selectionOmitted: 2 } });
    const [events, state] = [await samples('weir_agent_events_total'), await samples('weir_agent_state')];
    expect(state).toEqual([
      '{what="openConnections"} 11',
      '{what="cgroupsOmitted"} 0',
      '{what="selectionOmitted"} 2',
      '{what="peersOmitted"} 0',
    ]);
    expect(events).toContain('{what="malformed"} 7');
    expect(events.length + state.length).toBe(Object.keys(node).length);
  });

  test('tell how many pods are known, and for how long each watch has heard nothing', async () => {
    [pods, ages] = [47, { pods: 1.5, namespaces: 0 }];
    expect(await samples('weir_agent_pods')).toEqual(['47']);
    relief = 3;
    expect(await samples('weir_agent_relief')).toEqual(['3']);
    expect(await samples('weir_agent_watch_age_seconds')).toEqual([
      '{resource="pods"} 1.5',
      '{resource="namespaces"} 0',
    ]);
    metrics.watchEvents.inc({ resource: 'pods', what: 'relisting' });
    expect(await samples('weir_agent_watch_events_total')).toEqual(['{resource="pods",what="relisting"} 1']);
  });
});

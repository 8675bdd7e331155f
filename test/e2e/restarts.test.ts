import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPORTER_OPTIONS } from '../../src/agent/limits.ts';
import { Api } from '../support/cluster/api.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { peerInside } from '../support/cluster/inside.ts';
import { kubectl } from '../support/cluster/kubectl.ts';
import type { Node } from '../support/cluster/nodes/node.ts';
import { whyNoOwnNodes } from '../support/cluster/nodes/requirements.ts';
import { Traffic } from '../support/cluster/traffic.ts';
import { type WorkloadPod, Workloads } from '../support/cluster/workload.ts';
import type { Peer } from '../support/lab/peer.ts';
import type { PeerSocket } from '../support/lab/peer-socket.ts';
import { whyNoLab } from '../support/lab/requirements.ts';
import { leave } from '../support/operator/guest.ts';
import { Installation } from '../support/operator/installation.ts';
import { killProcess, processesOf } from '../support/operator/node-processes.ts';
import { type FlowRecord, readRecordsOn, recordsFile } from '../support/operator/records.ts';
import { whyNoInstallation } from '../support/operator/requirements.ts';
import { parseSamples } from '../support/operator/samples.ts';
import { OPERATOR_NAMESPACE, type World } from '../support/operator/world.ts';

/**
 * One connection between two nodes lives through every restart of both agents, and many end meanwhile: the parts of the one are
 * the whole, and of the others none is missing.
 */

const missing = whyNoLab() ?? whyNoOwnNodes() ?? whyNoInstallation();
const may = missing === undefined || process.env['CI'] === 'true';

const KILLS = 3;
const CONNECTIONS = 7;
const [PORT, REQUEST, ANSWER] = ['8080', '17', '1009'];
/** Bytes of a burst, there and back. */
const BURSTS = [
  [2_000_003, 31],
  [40_009, 700_001],
  [17, 1_500_007],
  [65_536, 65_536],
] as const;
const BETWEEN_BURSTS_MILLIS = 50;
const BURST_MILLIS = 30_000;
/** The longest pause of a crash loop here, 20 s, on a machine that does much else at once. */
const BACK_MILLIS = 90_000;
const COUNTED_MILLIS = 60_000;
const ROLLED_MILLIS = 120_000;
const NAMES = ['held', 'short'] as const;

type Name = (typeof NAMES)[number];

/** What one node has of a capture. */
interface Tally {
  readonly observed: number;
  readonly redelivered: number;
  readonly exported: number;
  readonly lost: number;
  /** As they are in the file. */
  readonly lines: readonly FlowRecord[];
  /** Each once. */
  readonly records: readonly FlowRecord[];
}

let cluster: Cluster;
let weir: Installation;
let world: World;
const peers: Peer[] = [];
/** The ends of the connection that is held, on the first node and on the second. */
let near: PeerSocket;
let far: PeerSocket;
/** Beside it, from the first node to the second. */
let traffic: Traffic;
const sent = { 'source.bytes': 0, 'destination.bytes': 0 };
let bursts = 0;
let connections = 0;
let degradedBefore: readonly object[];

async function burst(): Promise<void> {
  const [request, response] = BURSTS[bursts++ % BURSTS.length] ?? BURSTS[0];
  await Promise.all([near.send(request, BURST_MILLIS), far.receive(request, BURST_MILLIS)]);
  await Promise.all([far.send(response, BURST_MILLIS), near.receive(response, BURST_MILLIS)]);
  sent['source.bytes'] += request;
  sent['destination.bytes'] += response;
}

/** Bursts and short connections while something happens. */
async function busyDuring(happening: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const bursting = async () => {
    for (; !over.signal.aborted; await pause(BETWEEN_BURSTS_MILLIS)) await burst();
  };
  const happened = () => happening().finally(() => over.abort());
  connections += await traffic.during(async () => {
    await Promise.all([bursting(), happened()]);
  });
}

/** What names a record of one node. */
function keyOf(record: FlowRecord): string {
  return JSON.stringify([record['flow.id'], record['flow.sequence']]);
}

/** Each once. */
function distinct(records: readonly FlowRecord[]): FlowRecord[] {
  return [...new Map(records.map((record) => [keyOf(record), record])).values()];
}

function total(records: readonly FlowRecord[], field: keyof typeof sent): number {
  return records.reduce((all, record) => all + Number(record[field]), 0);
}

/** The agents on both nodes have reported every byte of the held connection. */
async function allReported(): Promise<void> {
  await Promise.all([near.wait({ unacked: 0 }), far.wait({ unacked: 0 })]);
  await eventually(
    async () => {
      for (const node of weir.nodes) {
        const records = distinct(await readRecordsOn(node, recordsFile('held')));
        expect([total(records, 'source.bytes'), total(records, 'destination.bytes')]).toEqual(Object.values(sent));
      }
    },
    { what: 'every byte is reported', timeoutMillis: COUNTED_MILLIS },
  );
}

async function tally(node: Node, name: Name): Promise<Tally> {
  const { podIP } = (await weir.agentOn(node.name)).status;
  const { stdout } = await node.run(['curl', '--silent', '--fail', `http://${podIP}:8080/metrics`]);
  const samples = [...parseSamples(stdout)].filter(([of]) => of.includes(`capture="shop/${name}"`));
  const count = (metric: string, what = '') =>
    samples
      .filter(([of]) => of.startsWith(`${metric}{`) && of.includes(what))
      .reduce((all, [, value]) => all + value, 0);
  const flows = (what: string) => count('weir_agent_flows_total', `what="${what}"`);
  const lines = await readRecordsOn(node, recordsFile(name));
  return {
    observed: flows('observed'),
    redelivered: flows('redelivered'),
    exported: flows('exported'),
    lost: count('weir_agent_flows_lost_total'),
    lines,
    records: distinct(lines),
  };
}

/** What both nodes have of a capture as soon as each record has become something. @param observed on each of them */
async function settled(name: Name, observed?: number): Promise<readonly Tally[]> {
  return eventually(
    async () => {
      const tallies = await Promise.all(weir.nodes.map((node) => tally(node, name)));
      for (const each of tallies) {
        expect(each.observed).toBe(observed ?? each.records.length);
        expect(each.exported).toBe(each.observed + each.redelivered);
      }
      return tallies;
    },
    { what: `all is counted of ${name}`, timeoutMillis: COUNTED_MILLIS },
  );
}

/** What the nodes have of each capture is what the operator says of it. */
async function saidByOperator(): Promise<void> {
  for (const [name, observed] of [['short', connections], ['held']] as const) {
    const exported = (await settled(name, observed)).reduce((all, each) => all + each.exported, 0);
    await eventually(
      async () => {
        const { status } = await world.getCapture(`shop/${name}`);
        expect(status?.flows).toMatchObject({ observed: exported, exported, filtered: 0, sampledOut: 0, lost: 0 });
      },
      { what: `the operator says so of ${name}`, timeoutMillis: COUNTED_MILLIS },
    );
  }
}

/** No record is missing or lost; one that is there again is counted, or was in the last batch of a process that was killed. */
function expectComplete(tallies: readonly Tally[]): void {
  for (const { observed, exported, lost, lines, records } of tallies) {
    expect(records).toHaveLength(observed);
    expect(lost).toBe(0);
    expect(new Set(lines.map((line) => JSON.stringify(line))).size).toBe(observed);
    expect(lines.length).toBeGreaterThanOrEqual(exported);
    expect(lines.length).toBeLessThanOrEqual(exported + KILLS * EXPORTER_OPTIONS.maxRecords);
  }
}

/** By capture and node: how many records are known to have come again, and how many have. */
async function comeAgain(): Promise<readonly (readonly number[])[]> {
  const tallies = await Promise.all([settled('short', connections), settled('held')]);
  return tallies.flat().map(({ redelivered, lines, records }) => [redelivered, lines.length - records.length]);
}

/** The condition of each node's FlowAgent: one that was true meanwhile has another time. */
async function degraded(): Promise<readonly object[]> {
  const agents = await Promise.all(cluster.nodeNames.map((node) => world.getAgent(node)));
  return agents.map(({ metadata: { uid }, status }) => {
    const { reason, lastTransitionTime } = status?.conditions?.find(({ type }) => type === 'Degraded') ?? {};
    return { uid, reason, lastTransitionTime };
  });
}

async function isReady(name: Name): Promise<void> {
  await eventually(
    async () => {
      const { status } = await world.getCapture(`shop/${name}`);
      expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
    },
    { what: `${name} is ready`, timeoutMillis: COUNTED_MILLIS },
  );
}

async function restarts(): Promise<readonly (number | undefined)[]> {
  const pods = await Promise.all(cluster.nodeNames.map((node) => weir.agentOn(node)));
  return pods.map(({ status }) => status.containerStatuses?.[0]?.restartCount);
}

async function killAgents(): Promise<void> {
  const killed = await Promise.all(
    cluster.nodeNames.map(async (node) => killProcess(cluster, 'agent', (await weir.agentOn(node)).metadata.uid)),
  );
  await eventually(
    async () => {
      const now = await processesOf(cluster, 'agent');
      expect([now.length, now.filter((pid) => killed.includes(pid))]).toEqual([killed.length, []]);
    },
    { what: 'other processes took their places', timeoutMillis: BACK_MILLIS },
  );
}

describe.runIf(may)(`agents that restart on two nodes${missing === undefined ? '' : ` (${missing})`}`, () => {
  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    weir = await Installation.install(cluster);
    world = weir.world;
    await weir.namespace('shop');
    const shop = new Workloads(new Api(cluster.kubeconfig), 'shop');
    const [first, second] = weir.nodes;
    if (first === undefined || second === undefined) throw new Error(missing);
    const pod = (name: string, node: Node, app: Name, args = ['echo', '9']) =>
      shop.serve({ name, node: node.name, args, labels: { app } });
    const [holder, keeper, client, server] = await Promise.all([
      pod('holder', first, 'held'),
      pod('keeper', second, 'held'),
      pod('client', first, 'short'),
      pod('server', second, 'short', ['serve', PORT, ANSWER]),
    ]);
    for (const name of NAMES) {
      await world.export(`${OPERATOR_NAMESPACE}/${name}`, {
        file: { path: recordsFile(name) },
        allowedNamespaces: { from: 'All' },
        fields: ['flow.id', 'flow.sequence', 'flow.state', 'observer', 'node', 'source.bytes', 'destination.bytes'],
      });
      await world.capture(`shop/${name}`, {
        podSelector: { matchLabels: { app: name } },
        exports: [{ name, namespace: OPERATOR_NAMESPACE }],
        ...(name === 'held' && { reporting: { activeSeconds: 1, idleSeconds: 1 } }),
      });
    }
    await Promise.all(NAMES.map(isReady));
    const address = server.status.podIP ?? '';
    traffic = new Traffic(cluster, { client, address, port: PORT, request: REQUEST, connections: CONNECTIONS });
    const peer = async (node: Node, { metadata }: WorkloadPod) => {
      const made = await peerInside(node, metadata.uid ?? '', cluster.folder);
      peers.push(made);
      return made;
    };
    const [dialler, acceptor] = [await peer(first, holder), await peer(second, keeper)];
    const listener = await acceptor.listen(keeper.status.podIP ?? '');
    near = await dialler.connect(listener);
    far = await listener.accept();
    await burst();
    await allReported();
    degradedBefore = await degraded();
  }, 300_000);

  afterAll(async () => {
    await Promise.all(peers.map((peer) => peer.kill()));
    await leave(cluster);
  });

  test(`by kill -9, ${KILLS} times each: the next one goes on, and nothing is missing`, async () => {
    for (const each of degradedBefore) expect(each).toMatchObject({ reason: 'AsExpected' });
    for (let kill = 1; kill <= KILLS; kill++) {
      await busyDuring(async () => {
        await killAgents();
        await eventually(async () => expect(await restarts()).toEqual([kill, kill]), { what: 'the kubelets say so' });
        await weir.ready();
      });
      await allReported();
      expectComplete(await settled('short', connections));
      expectComplete(await settled('held'));
    }
    await saidByOperator();
    expect(await degraded()).toEqual(degradedBefore);
  }, 400_000);

  test('by a rolling update: nothing is missing, and nothing is there again', async () => {
    const before = await comeAgain();
    const podsBefore = new Set((await weir.pods('agent')).map(({ metadata }) => metadata.uid));
    await busyDuring(async () => {
      const agents = ['-n', OPERATOR_NAMESPACE, 'ds/weir-agent'];
      await world.kubectl('rollout', 'restart', ...agents);
      await kubectl(cluster, ['rollout', 'status', ...agents], { timeoutMillis: ROLLED_MILLIS });
      await weir.ready();
    });
    const podsAfter = (await weir.pods('agent')).map(({ metadata }) => metadata.uid);
    expect(podsAfter.filter((uid) => podsBefore.has(uid))).toEqual([]);
    await allReported();
    expect(await comeAgain()).toEqual(before);
    await saidByOperator();
    expect(await degraded()).toEqual(degradedBefore);
  }, 300_000);

  test('the parts of a connection that lived through all of it are the whole, to the byte', async () => {
    const kernel = [(await far.info()).bytes_received, (await near.info()).bytes_received];
    expect(kernel).toEqual(Object.values(sent));
    await near.close();
    await far.close();
    await eventually(
      async () => {
        for (const node of weir.nodes) {
          const records = await readRecordsOn(node, recordsFile('held'));
          expect(records.map((record) => record['flow.state'])).toContain('Closed');
        }
      },
      { what: 'its end is recorded', timeoutMillis: COUNTED_MILLIS },
    );
    const tallies = await settled('held');
    expectComplete(tallies);
    for (const [at, observer] of ['source', 'destination'].entries()) {
      const parts = (tallies[at]?.records ?? []).toSorted(
        (a, b) => Number(a['flow.sequence']) - Number(b['flow.sequence']),
      );
      expect(parts.map((part) => part['flow.sequence'])).toEqual(parts.map((_, sequence) => sequence));
      expect(parts.slice(0, -1).filter((part) => part['flow.state'] !== 'Active')).toEqual([]);
      expect(parts.at(-1)).toMatchObject({ 'flow.state': 'Closed' });
      for (const part of parts) {
        expect(part).toMatchObject({ observer, node: cluster.nodeNames[at], 'flow.id': parts[0]?.['flow.id'] });
      }
      expect([total(parts, 'source.bytes'), total(parts, 'destination.bytes')]).toEqual(kernel);
    }
    expect(tallies[0]?.records[0]?.['flow.id']).toBe(tallies[1]?.records[0]?.['flow.id']);
  });

  test('each of the connections that ended meanwhile has its record on both nodes', async () => {
    const tallies = await settled('short', connections);
    expectComplete(tallies);
    const ids = tallies.map(({ records }) => records.map((record) => String(record['flow.id'])).toSorted());
    expect(new Set(ids[0]).size).toBe(connections);
    expect(ids[0]).toEqual(ids[1]);
    for (const { records } of tallies) {
      expect(total(records, 'source.bytes')).toBe(connections * Number(REQUEST));
      expect(total(records, 'destination.bytes')).toBe(connections * Number(ANSWER));
    }
  });
});

/**
 * Whether anything grows: an agent under 5,000 connections a second for an hour, while pods come and go, the plan changes and a
 * thousand connections live on. WEIR_SOAK_MINUTES makes it shorter.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '../test/support/cluster/cluster.ts';
import { Lab } from '../test/support/lab/lab.ts';
import { AgentProcess } from '../test/support/operator/agent-process.ts';
import { OperatorProcess } from '../test/support/operator/operator-process.ts';
import { World } from '../test/support/operator/world.ts';
import { PrivateBpffs } from '../test/support/private-bpffs.ts';
import { mapBytesOf } from './support/bpf.ts';
import { buildBundle } from './support/bundle.ts';
import { captureRuns } from './support/capture-runs.ts';
import { collectable } from './support/collected-heap.ts';
import { HeldConnections } from './support/held-connections.ts';
import type { Bench } from './support/measure.ts';
import { placedPod } from './support/placed-pod.ts';
import { allSettled } from './support/settled-counts.ts';
import { captureChurn, fillMemories, LOAD_NOTES, podChurn, repeatedly, steady, Traffic } from './support/soak-load.ts';
import {
  type Kept,
  keptText,
  type Sample,
  Sampler,
  sampleText,
  soakMeasures,
  soakPicture,
} from './support/soak-samples.ts';

const MINUTES = Number(process.env['WEIR_SOAK_MINUTES'] ?? 60);
const NODE = 'node-0';
const NAMESPACE = 'soak';
const CAPTURE = 'weir-system/all';
const HELD = 1_000;
const MOVE_MILLIS = 10_000;
const SAMPLE_MILLIS = 10_000;
/** In an hour each minute: it is no part of what a program does, and in between its memory goes its own way. */
const COLLECT_MILLIS = SAMPLE_MILLIS * Math.ceil(Math.min(MINUTES, 60) / 10);
/** Of 16,384 entries of 72 bytes, but for some. */
const FULL_BYTES = 2 ** 20;
const FILE_BYTES = 2 ** 27;
/** What Node gives itself in a container of 512 MiB, the chart's: with more it collects later. */
const HEAP_OPTION = '--max-old-space-size=256';

export const soak: Bench = async (progress) => {
  if (!(MINUTES > 0)) throw new Error('WEIR_SOAK_MINUTES: write a number of minutes');
  progress('the bundle is built');
  const program = buildBundle();
  await using cluster = await startCluster({ controllers: false });
  await using bpffs = await PrivateBpffs.mount();
  await using lab = await Lab.create('soak');
  const world = await World.install(cluster);
  await world.node(NODE);
  await world.namespace(NAMESPACE);
  const network = await lab.netns('soak');
  await network.allowAllPorts();
  const place = async (name: string) => {
    await world.pod(`${NAMESPACE}/${name}`, NODE, { app: name });
    return placedPod(world, lab, network, `${NAMESPACE}/${name}`);
  };
  const [client, server] = [await place('client'), await place('server')];
  process.env['NODE_OPTIONS'] = `${HEAP_OPTION} ${collectable(cluster.folder)}`;
  await using operator = await OperatorProcess.start(cluster, { program });
  await using agent = await AgentProcess.startAsInPod(cluster, NODE, { program, bpffs: bpffs.path });
  const file = { path: join(cluster.folder, 'flows.ndjson'), maxBytes: FILE_BYTES, maxFiles: 2 };
  await world.export('weir-system/file', { file, allowedNamespaces: { from: 'All' } });
  const exports = [{ name: 'file', namespace: 'weir-system' }];
  const reporting = { activeSeconds: 10, idleSeconds: 5 };
  await world.capture(CAPTURE, { namespaceSelector: {}, reporting, exports });
  await captureRuns(world, NODE);
  const ground = { world, lab, netns: network, node: NODE, namespace: NAMESPACE };
  progress('what the agent remembers of what is gone is filled');
  const empty = mapBytesOf(agent.pid ?? 0);
  await fillMemories(ground, await Traffic.between(client, server), exports);
  const filled = mapBytesOf(agent.pid ?? 0) - empty;
  if (filled < FULL_BYTES) throw new Error(`the selection is not full: its map grew by ${filled} bytes`);
  await using held = await HeldConnections.open(client, server, HELD);
  const traffic = await Traffic.between(client, server);
  const connections = () => traffic.connections;
  const sampler = new Sampler({ agent, operator, answers: cluster.folder, capture: CAPTURE, connections });
  const before = await allSettled(agent, CAPTURE);
  // Rates are from look to look: what came before the first is nobody's.
  await sampler.look();
  const samples: Sample[] = [];
  const kept: Kept[] = [];
  const end = performance.now() + MINUTES * 60_000;
  await Promise.all([
    steady(end, traffic),
    repeatedly(end, MOVE_MILLIS, () => held.move()),
    podChurn(end, ground),
    captureChurn(end, ground, exports),
    pause(SAMPLE_MILLIS).then(() =>
      repeatedly(end, SAMPLE_MILLIS, async () => {
        const sample = await sampler.look();
        samples.push(sample);
        progress(sampleText(sample));
      }),
    ),
    // Between two looks: what a look shows is not what a collection has just left.
    pause(SAMPLE_MILLIS / 2).then(() =>
      repeatedly(end, COLLECT_MILLIS, async () => {
        const each = await sampler.collect();
        kept.push(each);
        progress(keptText(each));
      }),
    ),
  ]);
  const after = await allSettled(agent, CAPTURE);
  const observed = after.observed - before.observed;
  if (observed < 2 * traffic.connections) throw new Error(`${traffic.connections} connections, ${observed} records`);
  return {
    picture: soakPicture(samples, kept),
    measures: soakMeasures(MINUTES, samples, kept),
    notes: [
      `${MINUTES} minutes; the bundled operator and agent, the agent's capture kept in a bpffs, both with the heap of a container of 512 MiB, a real API server and both ends of all connections on the same two cores`,
      `${traffic.connections} connections, ${Math.round(traffic.connections / (MINUTES * 60))} a second in the mean, besides ${HELD} that lived all the time and carried a byte every ${MOVE_MILLIS / 1000} s; records as NDJSON into files of 128 MiB`,
      ...LOAD_NOTES,
      `${observed} records observed, ${after.exported - before.exported} exported, ${after.lost - before.lost} lost`,
      'left out: the first ten minutes, or a sixth; end and beginning are the medians of ten minutes, or a sixth; growth is the median of the slopes between all pairs of looks',
      `after collection: what three collections leave, for which both programs were told every ${COLLECT_MILLIS / 1000} s; their RSS and CPU are those of programs so told`,
      'maps are all but the state of open connections, which lies with their sockets',
    ],
  };
};

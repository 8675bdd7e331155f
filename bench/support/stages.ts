/** The agent's way from the ring to the sink, cut after each stage, on a ring image instead of the kernel's ring. */
import { type Naming, tcpFlow } from '../../src/agent/attribute/tcp-flow.ts';
import { decodeTcp, type TcpEvent } from '../../src/agent/decode/tcp.ts';
import { WallClock } from '../../src/agent/decode/wall-clock.ts';
import { CgroupOwners } from '../../src/agent/identify/cgroup-owners.ts';
import { CgroupTree } from '../../src/agent/identify/cgroup-tree.ts';
import type { StaticInventory } from '../../src/agent/identify/inventory.ts';
import { EXPORTER_OPTIONS } from '../../src/agent/limits.ts';
import { type RecordHandler, type RingPages, RingReader } from '../../src/agent/read/ring.ts';
import { selectedPod } from '../../src/agent/select/desired.ts';
import { Intake } from '../../src/agent/select/intake.ts';
import { Wanted } from '../../src/agent/select/wanted.ts';
import { NetnsOwners } from '../../src/attribution/netns-owners.ts';
import { StaticOwners } from '../../src/attribution/static-owners.ts';
import { ndjsonEncoder } from '../../src/export/encode/ndjson.ts';
import { Ledger } from '../../src/export/ledger.ts';
import { flowRouter } from '../../src/export/router.ts';
import { RouteTable } from '../../src/export/routes.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { CaptureSets } from '../../src/plan/sets.ts';
import type { Flow } from '../../src/record/flow.ts';

/** Each stage does what the one before does, and more; the formats are alternatives of the last one. */
export const STAGES = ['decode', 'name', 'route', 'ndjson'] as const;
export type Stage = (typeof STAGES)[number];

/** Returns the bytes of a batch. */
type Encoder = (batch: readonly Flow[]) => { readonly length: number };
const ENCODERS: Partial<Record<Stage, () => Encoder>> = { ndjson: ndjsonEncoder };

/** Records are encoded in batches of the agent's own size: the larger, the colder they are by then. */
const BATCH = EXPORTER_OPTIONS.maxRecords;
const NODE_ADDRESSES = new Set(['10.0.0.10', 'fd00::10']);

export interface Surroundings {
  readonly plan: Plan;
  readonly inventory: StaticInventory;
  /** The directory that stands for the cgroup2 mount. */
  readonly cgroups: string;
}

export interface Pass {
  readonly records: number;
  /** Bytes that the encoder made; 0 before that stage. */
  readonly bytes: number;
}

/** A function that reads the whole image once, as far as the stage goes. Throws when records are not what they should be. */
export function stagePass(stage: Stage, pages: RingPages, surroundings: Surroundings): () => Pass {
  const batch: Flow[] = [];
  const table = new RouteTable(surroundings.plan.captures);
  const ledger = new Ledger(table);
  const route = flowRouter(table, () => ({ offer: (flow: Flow) => void batch.push(flow) }), ledger);
  const collect = (flow: Flow) => void batch.push(flow);
  const clock = new WallClock(() => 1_795_000_000_000_000);
  const intake = makeIntake(stage === 'name' ? collect : route, clock, ledger, surroundings);
  const encode = ENCODERS[stage]?.();
  let decoded = 0;
  const decodeOnly: RecordHandler = (view, offset, length) => {
    if (decodeTcp(view, offset, length) !== undefined) decoded += 1;
  };
  const handle = stage === 'decode' ? decodeOnly : intake.record;
  return () => {
    const before = decoded;
    let [records, bytes] = [0, 0];
    new BigInt64Array(pages.consumer)[0] = 0n;
    const reader = new RingReader(pages);
    for (let handled = BATCH; handled === BATCH; ) {
      clock.follow();
      handled = reader.drain(handle, BATCH);
      if (encode !== undefined) bytes += encode(batch).length;
      if (stage !== 'decode' && stage !== 'name') for (const flow of batch) ledger.settle(flow, 0, 'delivered');
      records += batch.length;
      batch.length = 0;
    }
    if (intake.counts.malformed + intake.counts.notSelected > 0)
      throw new Error('records of the image were not understood');
    return { records: records + decoded - before, bytes };
  };
}

/** Interns the set of every pod, in the inventory's order. */
export function internSets(plan: Plan, inventory: StaticInventory): { sets: CaptureSets; byUid: Map<string, number> } {
  const sets = new CaptureSets(plan);
  const byUid = new Map<string, number>();
  for (const pod of inventory.pods) byUid.set(pod.uids[0] ?? '', sets.setFor(selectedPod(pod, inventory)).id);
  return { sets, byUid };
}

function makeIntake(
  route: (flow: Flow, captures: readonly number[]) => void,
  clock: WallClock,
  ledger: Ledger,
  { plan, inventory, cgroups }: Surroundings,
): Intake {
  const tree = new CgroupTree(cgroups, () => performance.now());
  const known = {
    owners: new StaticOwners(inventory.pods),
    isOwnAddress: (address: string) => NODE_ADDRESSES.has(address),
  };
  const naming: Naming = {
    node: plan.node,
    clock,
    cgroups: new CgroupOwners(tree, inventory, undefined),
    netns: new NetnsOwners(),
    local: known,
    far: known,
  };
  const flow = (event: TcpEvent) => tcpFlow(event, naming);
  const wanted = new Wanted(
    ledger,
    () => undefined,
    () => performance.now(),
  );
  wanted.adopt(plan.captures);
  const { sets } = internSets(plan, inventory);
  return new Intake(
    {
      decode: decodeTcp,
      hold: () => false,
      provisional: () => undefined,
      wanted: (event, captures, made) => wanted.of(event, captures, made),
      flow,
      route,
    },
    sets,
    inventory,
    naming.cgroups,
  );
}

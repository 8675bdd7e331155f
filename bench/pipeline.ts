/** How many records a second one core takes from the ring to the bytes of a sink, and where the time goes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inventoryText, readInventory } from './support/inventory.ts';
import { type BenchResult, type Measure, median } from './support/measure.ts';
import { recordRing } from './support/ring-image.ts';
import { StageProcess, type StageRound } from './support/stage-process.ts';
import { internSets, STAGES, type Stage } from './support/stages.ts';
import { makeWorld } from './support/world.ts';

const RING_BYTES = 8 << 20;
const ROUNDS = 9;
const WARM_UP_PASSES = 20;
/** About half a million records a round. */
const PASSES = 12;

/** What a stage adds to the one before it in this list. */
const ADDS: Readonly<Record<Stage, string>> = {
  decode: 'read and decode',
  name: 'match captures, identify, attribute',
  route: 'route, ledger',
  ndjson: 'encode NDJSON',
};
const TARGETS: Partial<Record<Stage, number>> = { ndjson: 200_000 };

export async function pipeline(progress: (text: string) => void): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    return await run(directory, progress);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function run(directory: string, progress: (text: string) => void): Promise<BenchResult> {
  progress('recording the ring image');
  const cgroups = join(directory, 'cgroup');
  mkdirSync(cgroups);
  const world = makeWorld(cgroups);
  const pods = [...world.here, ...world.elsewhere];
  const [imageFile, inventoryFile] = [join(directory, 'ring.image'), join(directory, 'inventory.json')];
  const inventory = inventoryText(pods);
  writeFileSync(inventoryFile, inventory);
  const { byUid } = internSets(world.plan, readInventory(inventory));
  const { image, records } = recordRing(RING_BYTES, world, ({ uid }) => byUid.get(uid) ?? 0);
  writeFileSync(imageFile, image);

  using processes = new DisposableStack();
  const stages = new Map<Stage, { process: StageProcess; rounds: StageRound[] }>();
  for (const stage of STAGES) {
    const setup = { stage, imageFile, inventoryFile, cgroups, plan: world.plan };
    stages.set(stage, { process: processes.use(new StageProcess(setup)), rounds: [] });
  }
  progress('warming up');
  for (const { process } of stages.values()) await process.round(WARM_UP_PASSES);
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`round ${round} of ${ROUNDS}`);
    for (const { process, rounds } of stages.values()) rounds.push(await process.round(PASSES));
  }
  const roundsOf = (stage: Stage) => stages.get(stage)?.rounds ?? [];
  const bytes = roundsOf('ndjson').map((round) => round.bytes / round.records);
  return {
    measures: measures(roundsOf),
    notes: [
      `${ROUNDS} interleaved rounds, each ${PASSES} passes over a full ring of ${RING_BYTES >> 20} MiB (${records} records); ${pods.length} pods known, ${world.here.length} of them here; ${world.plan.captures.length} overlapping captures, one export.`,
      'Time is CPU time of the whole process, the garbage collector’s threads included: a record a CPU-second is a record a second on one core. Each row of stages is a process of its own; the ns of a stage are the difference to the row before.',
      `${Math.round(median(bytes))} bytes of NDJSON a record.`,
    ],
  };
}

function measures(roundsOf: (stage: Stage) => readonly StageRound[]): Measure[] {
  const nanos = (stage: Stage) => roundsOf(stage).map(({ cpuMicros, records }) => (cpuMicros * 1000) / records);
  const perStage = STAGES.map((stage, index): Measure => {
    const before = STAGES[index - 1];
    const base = before === undefined ? [] : nanos(before);
    return { name: ADDS[stage], unit: 'ns', values: nanos(stage).map((value, round) => value - (base[round] ?? 0)) };
  });
  const rates = STAGES.flatMap((stage): Measure[] => {
    const atLeast = TARGETS[stage];
    if (atLeast === undefined) return [];
    const values = nanos(stage).map((value) => 1e9 / value);
    return [{ name: `ring to ${stage.toUpperCase()}, one core`, unit: 'records/s', values, target: { atLeast } }];
  });
  return [...rates, ...perStage];
}

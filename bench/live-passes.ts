/** What the kernel's passes over open connections cost: taking over those that are older than the capture, and reporting. */
import { NODE_COUNTERS } from '../src/agent/decode/layout.generated.ts';
import { u32Key } from '../src/agent/load/bpf-map.ts';
import type { ReportWalk } from '../src/agent/load/report-walk.ts';
import type { TcpProgram } from '../src/agent/load/tcp-program.ts';
import { Lab } from '../test/support/lab/lab.ts';
import type { Pod } from '../test/support/lab/pod.ts';
import { readRecords, reportEveryLook, selectingProgram } from '../test/support/selecting-program.ts';
import { expectCount } from './support/expect-count.ts';
import { HeldConnections } from './support/held-connections.ts';
import type { Bench, Measure } from './support/measure.ts';
import { otherFiles } from './support/other-files.ts';

const CONNECTIONS = 10_000;
/** Both ends are here. */
const SOCKETS = 2 * CONNECTIONS;
/** Of a node with a hundred busy pods. */
const OTHER_FILES = 100_000;
const ROUNDS = 11;

interface Cost {
  readonly millis: number;
  /** User and system time of this process, which does nothing else meanwhile. */
  readonly cpuMicros: number;
}

interface Round {
  readonly isNew: Cost;
  readonly isKnown: Cost;
  readonly stays: Cost;
  readonly moves: Cost;
}

export const livePasses: Bench = async (progress) => {
  await using lab = await Lab.create('live-passes');
  const netns = await lab.netns('passes');
  const pods = [await lab.pod('client', { netns }), await lab.pod('server', { netns })] as const;
  progress('without connections');
  const without = await passesOverNothing(pods);
  progress(`${OTHER_FILES} other files are opened`);
  const beside = await besideOtherFiles(pods);
  progress(`${CONNECTIONS} connections are opened`);
  await using held = await HeldConnections.open(...pods, CONNECTIONS);
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`round ${round} of ${ROUNDS}`);
    rounds.push(await passesOver(pods, held));
  }
  const walked = walkHere() === 'storage' ? 'stored state of connections' : 'open files of all processes';
  return {
    measures: [
      duration('take-over, no connection is there', without.takeOver),
      duration(`take-over, no connection, ${OTHER_FILES} other open files`, beside.takeOver),
      ...measures(
        'take-over, every connection is new',
        rounds.map(({ isNew }) => isNew),
      ),
      ...measures(
        'take-over, every connection is known',
        rounds.map(({ isKnown }) => isKnown),
      ),
      duration('report, no connection is there', without.report),
      duration(`report, no connection, ${OTHER_FILES} other open files`, beside.report),
      ...measures(
        'report, no connection has moved',
        rounds.map(({ stays }) => stays),
      ),
      ...measures(
        'report, every connection has moved',
        rounds.map(({ moves }) => moves),
      ),
    ],
    notes: [
      `${CONNECTIONS} connections over loopback, both ends in pods that the capture selects: ${SOCKETS} sockets; ${ROUNDS} rounds, each with a newly loaded program`,
      `counted in every round: ${SOCKETS} taken over in the first pass and none in the second, no record of the third and ${SOCKETS} of the fourth`,
      `live connections are found by walking the ${walked}, which is this kernel's choice`,
      'CPU is user and system time of the process that runs the pass; the records are not read meanwhile',
    ],
  };
};

/** What the walks over everything else on this machine cost. */
async function passesOverNothing(pods: readonly Pod[]) {
  const takeOver: Cost[] = [];
  const report: Cost[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    using program = selectingProgram(pods);
    takeOver.push(await costOf(() => program.takeOver()));
    expectCount('sockets taken over', takenOver(program), 0);
    report.push(await costOf(() => program.reportLive()));
  }
  return { takeOver, report };
}

async function besideOtherFiles(pods: readonly Pod[]) {
  using _ = await otherFiles(OTHER_FILES);
  return await passesOverNothing(pods);
}

function walkHere(): ReportWalk {
  using program = selectingProgram([]);
  return program.reportWalk;
}

async function passesOver(pods: readonly Pod[], held: HeldConnections): Promise<Round> {
  using program = selectingProgram(pods);
  using ring = readRecords(program);
  const isNew = await costOf(() => program.takeOver());
  expectCount('sockets taken over', takenOver(program), SOCKETS);
  const isKnown = await costOf(() => program.takeOver());
  expectCount('sockets taken over', takenOver(program), SOCKETS);
  reportEveryLook(program);
  const stays = await costOf(() => program.reportLive());
  expectCount('records', ring.take().length, 0);
  await held.move();
  const moves = await costOf(() => program.reportLive());
  expectCount('records', ring.take().length, SOCKETS);
  return { isNew, isKnown, stays, moves };
}

async function costOf(pass: () => Promise<void>): Promise<Cost> {
  const [before, begun] = [process.cpuUsage(), performance.now()];
  await pass();
  const millis = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  return { millis, cpuMicros: user + system };
}

function takenOver({ nodeCounters }: TcpProgram): number {
  const fields = NODE_COUNTERS.size / BigUint64Array.BYTES_PER_ELEMENT;
  const sums = nodeCounters.sumPerCpu(u32Key(0), fields);
  return sums[NODE_COUNTERS.takenOver / BigUint64Array.BYTES_PER_ELEMENT] ?? 0;
}

function measures(name: string, costs: readonly Cost[]): readonly Measure[] {
  const micros = costs.map(({ cpuMicros }) => cpuMicros / SOCKETS);
  return [duration(name, costs), { name: `${name}: CPU per socket`, unit: 'µs', values: micros }];
}

function duration(name: string, costs: readonly Cost[]): Measure {
  return { name, unit: 'ms', values: costs.map(({ millis }) => millis) };
}

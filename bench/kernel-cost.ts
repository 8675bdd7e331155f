/**
 * What the program costs in the kernel: its run time per connection and per request, against an empty program on the
 * same hook that sees the same events.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentProcess } from './support/agent-process.ts';
import { attachEmptyProgram, compileEmptyProgram, type RunTime, runTimesOf, takeRunTimes } from './support/bpf.ts';
import type { BenchResult, Measure } from './support/measure.ts';
import { type HttpMode, load } from './support/web.ts';
import { startWebLab, type WebLab, type WebPair } from './support/web-lab.ts';

const ROUNDS = 7;
const SECONDS = 2;
/** Closes that are still on their way when wrk has ended. */
const SETTLE_MILLIS = 100;

/** Of one round: ns a request, and runs a request. */
interface Cost {
  readonly nanos: number;
  readonly emptyNanos: number;
  readonly emptyRuns: number;
  readonly runs: number;
}

type Costs = ReadonlyMap<string, Cost[]>;

const PLACES = ['selected', 'unselected', 'outside'] as const;
const MODES = ['close', 'keep-alive'] as const satisfies HttpMode[];

export async function kernelCost(progress: (text: string) => void): Promise<BenchResult> {
  await using lab = await startWebLab();
  await using agent = new AgentProcess(lab.setup);
  const object = compileEmptyProgram(lab.temporary);
  using kernel = new DisposableStack();
  kernel.use(takeRunTimes());
  // One before and one after: whoever runs first finds the caches cold.
  kernel.use(attachEmptyProgram(object));
  await agent.start();
  kernel.use(attachEmptyProgram(object));
  const costs = await rounds(lab, agent.pid, progress);
  const report = await agent.stop();
  const [account] = report.accounts;
  if (account === undefined || account.exported === 0 || account.unaccounted !== 0) {
    throw new Error(`the capture's ledger does not balance: ${JSON.stringify(report)}`);
  }
  return {
    measures: measures(costs, runTimesOf(agent.pid).length),
    notes: [
      `${ROUNDS} interleaved rounds of ${SECONDS} s each; nginx (two workers) and wrk (two threads, 64 connections) over loopback; both ends on this node, each in a pod of its own.`,
      `The agent's programs ran ${runsText(costs, 'runs')} times a connection, the empty one ${runsText(costs, 'emptyRuns')} times. The empty program was attached twice, before and after; its figures are the mean of the two.`,
      `${account.exported} records left, ${report.node.joined} of them with the far side from the join in the kernel, ${lostText(account.lost)}.`,
    ],
  };
}

async function rounds(lab: WebLab, agentPid: number, progress: (text: string) => void): Promise<Costs> {
  const costs = new Map<string, Cost[]>();
  await load(lab.selected.client, lab.selected.port, 'close', 1);
  for (let round = 1; round <= ROUNDS; round += 1) {
    progress(`round ${round} of ${ROUNDS}`);
    for (const place of PLACES) {
      for (const mode of MODES) {
        const name = `${place} ${mode}`;
        costs.set(name, [...(costs.get(name) ?? []), await costOf(lab[place], mode, agentPid)]);
      }
    }
  }
  return costs;
}

async function costOf({ client, port }: WebPair, mode: HttpMode, agentPid: number): Promise<Cost> {
  const before = totals(agentPid);
  const { requests } = await load(client, port, mode, SECONDS);
  await sleep(SETTLE_MILLIS);
  const after = totals(agentPid);
  const per = (of: keyof Cost) => (after[of] - before[of]) / requests;
  return { nanos: per('nanos'), runs: per('runs'), emptyNanos: per('emptyNanos'), emptyRuns: per('emptyRuns') };
}

/** All programs of the agent together; the mean of the empty ones. */
function totals(agentPid: number): Cost {
  const programs = runTimesOf(agentPid);
  const empty = runTimesOf(process.pid);
  if (programs.length === 0 || empty.length !== 2) {
    throw new Error(`expected programs of the agent and two empty ones, found ${programs.length} and ${empty.length}`);
  }
  return {
    nanos: sum(programs, 'nanos'),
    runs: sum(programs, 'runs'),
    emptyNanos: sum(empty, 'nanos') / empty.length,
    emptyRuns: sum(empty, 'runs') / empty.length,
  };
}

function sum(of: readonly RunTime[], field: 'nanos' | 'runs'): number {
  return of.reduce((total, run) => total + run[field], 0);
}

const nanosOf = ({ nanos }: Cost): number => nanos;
const ratioOf = ({ nanos, emptyNanos }: Cost): number => nanos / emptyNanos;

function measures(costs: Costs, left: number): Measure[] {
  const of = (place: string, value: (cost: Cost) => number) => (costs.get(place) ?? []).map(value);
  const connection = 'per connection, both ends';
  const allCloses = [...costs].filter(([name]) => name.endsWith('close')).flatMap(([, values]) => values);
  return [
    { name: `empty program, ${connection}`, unit: 'ns', values: allCloses.map(({ emptyNanos }) => emptyNanos) },
    { name: `selected pods, ${connection}`, unit: 'ns', values: of('selected close', nanosOf) },
    { name: 'selected pods ÷ empty', unit: '×', values: of('selected close', ratioOf), target: { atMost: 7 } },
    { name: `unselected pods, ${connection}`, unit: 'ns', values: of('unselected close', nanosOf) },
    { name: 'unselected pods ÷ empty', unit: '×', values: of('unselected close', ratioOf), target: { atMost: 2.5 } },
    { name: `outside of every pod, ${connection}`, unit: 'ns', values: of('outside close', nanosOf) },
    { name: 'outside of every pod ÷ empty', unit: '×', values: of('outside close', ratioOf) },
    {
      name: 'selected pods, per keep-alive request',
      unit: 'ns',
      values: of('selected keep-alive', nanosOf),
      target: { atMost: 15 },
    },
    { name: 'unselected pods, per keep-alive request', unit: 'ns', values: of('unselected keep-alive', nanosOf) },
    { name: 'programs attached without a capture', unit: '', values: [left], target: { atMost: 0 } },
  ];
}

function lostText(lost: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(lost).filter(([, count]) => count > 0);
  return reasons.length === 0 ? 'none lost' : reasons.map(([reason, count]) => `${count} lost (${reason})`).join(', ');
}

function runsText(costs: Costs, which: 'runs' | 'emptyRuns'): string {
  const runs = [...costs].filter(([name]) => name.endsWith('close')).flatMap(([, of]) => of.map((cost) => cost[which]));
  return `${Math.min(...runs).toFixed(1)}–${Math.max(...runs).toFixed(1)}`;
}

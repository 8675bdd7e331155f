/** What a capture costs the workload: requests per second of nginx under wrk, with a capture and without. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentReport } from '../src/agent/lifecycle.ts';
import { AgentProcess } from './support/agent-process.ts';
import type { BenchResult, Measure } from './support/measure.ts';
import { type HttpMode, load } from './support/web.ts';
import { startWebLab, type WebLab } from './support/web-lab.ts';

const PAIRS = 11;
const SECONDS = 2;
/** Longer than the agent's drain interval and the wait of its batches together. */
const DRAIN_MILLIS = 400;

/** The rounds of one mode: without, with, without, …, without. */
interface Series {
  readonly without: readonly number[];
  readonly with: readonly number[];
  /** Of each round with a capture: CPU time of the agent a request, from the attachment to the last record, µs. */
  readonly agentMicros: readonly number[];
  readonly records: number;
  readonly lost: number;
}

const MODES = ['keep-alive', 'close'] as const satisfies HttpMode[];

export async function throughput(progress: (text: string) => void): Promise<BenchResult> {
  await using lab = await startWebLab();
  await using agent = new AgentProcess(lab.setup);
  // The agent's code is hot on a node; nginx' and wrk's memory too.
  await roundWith(lab, agent, 'close');
  const [keepAlive, close] = [
    await series(lab, agent, MODES[0], progress),
    await series(lab, agent, MODES[1], progress),
  ];
  return {
    measures: [
      ...measures('keep-alive', keepAlive, 0.99),
      ...measures('one connection a request', close, 0.95),
      { name: 'agent CPU per connection (two records)', unit: 'µs', values: close.agentMicros },
    ],
    notes: [
      `${PAIRS} rounds of ${SECONDS} s with a capture, each between two without; a ratio is a round with ÷ the mean of its two neighbours. "Noise" is the same ratio of neighbours without a capture: what this machine does by itself.`,
      'Both ends are selected and on this node, over loopback: nginx (two workers), wrk (two threads, 64 connections) and the agent share the cores, so the ratio holds kernel and agent together. The agent writes NDJSON to /dev/null.',
      `${close.records + keepAlive.records} records exported, ${close.lost + keepAlive.lost} lost.`,
    ],
  };
}

async function series(
  lab: WebLab,
  agent: AgentProcess,
  mode: HttpMode,
  progress: (text: string) => void,
): Promise<Series> {
  const without = [await roundWithout(lab, mode)];
  const rounds: RoundWith[] = [];
  for (let pair = 1; pair <= PAIRS; pair += 1) {
    progress(`${mode}: pair ${pair} of ${PAIRS}`);
    rounds.push(await roundWith(lab, agent, mode));
    without.push(await roundWithout(lab, mode));
  }
  const total = (of: keyof AccountSums) => rounds.reduce((sum, { account }) => sum + account[of], 0);
  return {
    without,
    with: rounds.map(({ requestsPerSecond }) => requestsPerSecond),
    agentMicros: rounds.map(({ cpuMicros, requests }) => cpuMicros / requests),
    records: total('exported'),
    lost: total('lost'),
  };
}

async function roundWithout({ selected: { client, port } }: WebLab, mode: HttpMode): Promise<number> {
  return (await load(client, port, mode, SECONDS)).requestsPerSecond;
}

interface RoundWith {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly cpuMicros: number;
  readonly account: AccountSums;
}

async function roundWith(
  { selected: { client, port } }: WebLab,
  agent: AgentProcess,
  mode: HttpMode,
): Promise<RoundWith> {
  await agent.start();
  const cpuBefore = agent.cpuMicros();
  const { requests, requestsPerSecond } = await load(client, port, mode, SECONDS);
  await sleep(DRAIN_MILLIS);
  const cpuMicros = agent.cpuMicros() - cpuBefore;
  const report = await agent.stop();
  const account = sums(report);
  if (mode === 'close' && account.exported + account.lost < 2 * requests) {
    throw new Error(`${requests} connections gave only ${account.exported} records: ${JSON.stringify(report)}`);
  }
  return { requests, requestsPerSecond, cpuMicros, account };
}

interface AccountSums {
  readonly exported: number;
  readonly lost: number;
}

function sums({ accounts }: AgentReport): AccountSums {
  return {
    exported: accounts.reduce((sum, { exported }) => sum + exported, 0),
    lost: accounts.reduce((sum, { observed, exported }) => sum + observed - exported, 0),
  };
}

function measures(mode: string, { without, with: captured }: Series, atLeast: number): Measure[] {
  const neighbours = (index: number) => [without[index] ?? 0, without[index + 1] ?? 0] as const;
  const ratio = (value: number, index: number) => (2 * value) / (neighbours(index)[0] + neighbours(index)[1]);
  const noise = captured.map((_, index) => neighbours(index)[1] / neighbours(index)[0]);
  return [
    { name: `${mode}, without a capture`, unit: 'requests/s', values: without },
    { name: `${mode}, with a capture`, unit: 'requests/s', values: captured },
    { name: `${mode}, with ÷ without`, unit: '×', values: captured.map(ratio), target: { atLeast } },
    { name: `${mode}, noise`, unit: '×', values: noise },
  ];
}

/** What is looked at while an agent is soaked, and what it says about growth. */
import type { AgentProcess } from '../../test/support/operator/agent-process.ts';
import type { OperatorProcess } from '../../test/support/operator/operator-process.ts';
import { mapBytesOf } from './bpf.ts';
import { type CollectedHeap, collectedHeap } from './collected-heap.ts';
import { lineChart } from './line-chart.ts';
import { type Measure, median, type Target } from './measure.ts';
import { cpuMillis, rssBytes } from './process-cost.ts';

const MEBIBYTE = 2 ** 20;
const HEAP = 'nodejs_heap_size_used_bytes';
/** Left out: heap and pools take so long to find their size. Of a shorter run the first sixth. */
const WARM_UP_MINUTES = 10;
/** What is compared at either end; of a shorter run a sixth. */
const WINDOW_MINUTES = 10;
/** More than noise: in an hour a leak of a byte a record would be 36 MB. A shorter run compares what is still finding its size. */
const FLAT_IN_AN_HOUR: Target = { atMost: 1.05 };
const HOUR_MINUTES = 60;

/** At one time; memory in MiB. */
export interface Sample {
  readonly minute: number;
  readonly connectionsPerSecond: number;
  readonly recordsPerSecond: number;
  readonly openConnections: number;
  /** % of one core. */
  readonly cpu: number;
  readonly rss: number;
  readonly heap: number;
  readonly maps: number;
  readonly operatorRss: number;
  readonly operatorHeap: number;
  readonly descriptors: number;
}

interface Point {
  readonly minute: number;
  readonly value: number;
}

/** What is left of the programs' memory after a collection, in bytes. */
export interface Kept {
  readonly minute: number;
  readonly agent: CollectedHeap;
  readonly operator: CollectedHeap;
}

export interface Soaked {
  readonly agent: AgentProcess;
  readonly operator: OperatorProcess;
  /** The folder where both write what a collection leaves. */
  readonly answers: string;
  /** Whose records are counted. */
  readonly capture: string;
  /** That have ended so far. */
  readonly connections: () => number;
}

export class Sampler {
  readonly #soaked: Soaked;
  readonly #began = performance.now();
  #before: { readonly millis: number; readonly cpu: number; readonly records: number; readonly connections: number };

  constructor(soaked: Soaked) {
    this.#soaked = soaked;
    this.#before = { millis: performance.now(), cpu: cpuMillis(pidOf(soaked.agent)), records: 0, connections: 0 };
  }

  async look(): Promise<Sample> {
    const { agent, operator, capture, connections } = this.#soaked;
    const pid = pidOf(agent);
    const [metric, operatorMetric] = await Promise.all([metricsOf(agent), metricsOf(operator)]);
    const now = {
      millis: performance.now(),
      cpu: cpuMillis(pid),
      records: metric(`weir_agent_flows_total{capture="${capture}",what="observed"}`),
      connections: connections(),
    };
    const before = this.#before;
    this.#before = now;
    const perSecond = (of: 'records' | 'connections') => ((now[of] - before[of]) * 1000) / (now.millis - before.millis);
    return {
      minute: (now.millis - this.#began) / 60_000,
      connectionsPerSecond: perSecond('connections'),
      recordsPerSecond: perSecond('records'),
      openConnections: metric('weir_agent_state{what="openConnections"}'),
      cpu: ((now.cpu - before.cpu) / (now.millis - before.millis)) * 100,
      rss: rssBytes(pid) / MEBIBYTE,
      heap: metric(HEAP) / MEBIBYTE,
      maps: mapBytesOf(pid) / MEBIBYTE,
      operatorRss: rssBytes(pidOf(operator)) / MEBIBYTE,
      operatorHeap: operatorMetric(HEAP) / MEBIBYTE,
      descriptors: metric('process_open_fds'),
    };
  }

  async collect(): Promise<Kept> {
    const { agent, operator, answers } = this.#soaked;
    const [ofAgent, ofOperator] = await Promise.all([
      collectedHeap(pidOf(agent), answers),
      collectedHeap(pidOf(operator), answers),
    ]);
    return { minute: (performance.now() - this.#began) / 60_000, agent: ofAgent, operator: ofOperator };
  }
}

async function metricsOf(program: AgentProcess | OperatorProcess): Promise<(name: string) => number> {
  const metrics = await program.metrics();
  return (name) => {
    const value = metrics.get(name);
    if (value === undefined) throw new Error(`no metric ${name} at ${program.url}`);
    return value;
  };
}

function pidOf({ pid, failure }: AgentProcess | OperatorProcess): number {
  if (pid === undefined || failure !== undefined) throw new Error(`a process of the soak has ended: ${failure}`);
  return pid;
}

/** As {@link sampleText}. */
export function keptText({ minute, agent, operator }: Kept): string {
  return `${minute.toFixed(1)} min: after collection the agent's heap is ${heapText(agent)}, the operator's ${heapText(operator)}`;
}

function heapText({ heapUsed, code, external }: CollectedHeap): string {
  const [heap, compiled, outside] = [heapUsed, code, external].map((bytes) => (bytes / MEBIBYTE).toFixed(2));
  return `${heap} MiB, ${compiled} of it code, and ${outside} outside it`;
}

/** One line for the person who waits. */
export function sampleText(sample: Sample): string {
  const { minute, recordsPerSecond, rss, heap, maps, openConnections } = sample;
  const memory = `RSS ${rss.toFixed(0)}, heap ${heap.toFixed(0)}, maps ${maps.toFixed(1)} MiB`;
  return `${minute.toFixed(1)} min: ${recordsPerSecond.toFixed(0)} records/s, ${memory}, ${openConnections} open`;
}

/** @param minutes how long it was meant to be */
export function soakMeasures(minutes: number, samples: readonly Sample[], kept: readonly Kept[]): Measure[] {
  const last = samples.at(-1)?.minute ?? 0;
  const [warmUp, width] = [Math.min(WARM_UP_MINUTES, last / 6), Math.min(WINDOW_MINUTES, last / 6)];
  const isSteady = ({ minute }: { readonly minute: number }) => minute >= warmUp;
  const steady = samples.filter(isSteady);
  const target = minutes >= HOUR_MINUTES ? { target: FLAT_IN_AN_HOUR } : {};
  const growth = (name: string, points: readonly Point[]): Measure[] => {
    const early = points.filter(({ minute }) => minute < warmUp + width);
    const late = points.filter(({ minute }) => minute > last - width);
    return [
      ...slope(name, points),
      {
        name: `${name}: end ÷ beginning`,
        unit: '×',
        values: [median(late.map(valueOf)) / median(early.map(valueOf))],
        ...target,
      },
    ];
  };
  const points = (of: (sample: Sample) => number) =>
    steady.map((sample) => ({ minute: sample.minute, value: of(sample) }));
  const keptPoints = (of: (kept: Kept) => number) =>
    kept.filter(isSteady).map((each) => ({ minute: each.minute, value: of(each) / MEBIBYTE }));
  const heaps = (whose: 'agent' | 'operator') => [
    ...growth(
      `${whose}'s heap after collection`,
      keptPoints((each) => each[whose].heapUsed),
    ),
    ...slope(
      `${whose}'s compiled code in it`,
      keptPoints((each) => each[whose].code),
    ),
  ];
  return [
    { name: 'connections', unit: '/s', values: steady.map(({ connectionsPerSecond }) => connectionsPerSecond) },
    { name: 'records', unit: '/s', values: steady.map(({ recordsPerSecond }) => recordsPerSecond) },
    { name: "agent's CPU of one core", unit: '%', values: steady.map(({ cpu }) => cpu) },
    ...heaps('agent'),
    ...growth(
      "agent's buffers after collection",
      keptPoints(({ agent }) => agent.external),
    ),
    ...growth(
      "agent's memory (RSS)",
      points(({ rss }) => rss),
    ),
    ...growth(
      "agent's maps in the kernel",
      points(({ maps }) => maps),
    ),
    ...heaps('operator'),
    ...growth(
      "operator's memory (RSS)",
      points(({ operatorRss }) => operatorRss),
    ),
    {
      name: 'open connections that are tracked',
      unit: '',
      values: steady.map(({ openConnections }) => openConnections),
    },
    { name: "agent's file descriptors", unit: '', values: steady.map(({ descriptors }) => descriptors) },
  ];
}

function slope(name: string, points: readonly Point[]): Measure[] {
  return [
    { name, unit: 'MiB', values: points.map(valueOf) },
    { name: `${name}: growth in an hour`, unit: 'MiB', values: [hourlySlope(points)] },
  ];
}

function valueOf({ value }: Point): number {
  return value;
}

/** The median of the slopes between all pairs (Theil, 1950; Sen, 1968): a garbage collector's teeth do not bend it. */
function hourlySlope(points: readonly Point[]): number {
  const slopes = points.flatMap((one, at) =>
    points.slice(at + 1).map((other) => ((other.value - one.value) / (other.minute - one.minute)) * 60),
  );
  return median(slopes);
}

export function soakPicture(samples: readonly Sample[], kept: readonly Kept[]): string {
  const looks = samples.map(({ minute }) => minute);
  const values = (of: (sample: Sample) => number) => samples.map(of);
  const left = (of: (kept: Kept) => number) => kept.map((each) => of(each) / MEBIBYTE);
  const heaps = (whose: 'agent' | 'operator') => ({
    unit: 'MiB',
    minutes: kept.map(({ minute }) => minute),
    curves: {
      heap: left((each) => each[whose].heapUsed),
      'compiled code in it': left((each) => each[whose].code),
    },
  });
  return lineChart('An agent under 5,000 connections a second', [
    {
      title: "The agent's process",
      unit: 'MiB',
      minutes: looks,
      curves: { 'memory (RSS)': values(({ rss }) => rss), 'heap with garbage': values(({ heap }) => heap) },
    },
    { title: "The agent's heap after collection", ...heaps('agent') },
    { title: 'Its maps in the kernel', unit: 'MiB', minutes: looks, curves: { maps: values(({ maps }) => maps) } },
    {
      title: "The operator's process",
      unit: 'MiB',
      minutes: looks,
      curves: {
        'memory (RSS)': values(({ operatorRss }) => operatorRss),
        'heap with garbage': values(({ operatorHeap }) => operatorHeap),
      },
    },
    { title: "The operator's heap after collection", ...heaps('operator') },
    {
      title: 'Records',
      unit: 'a second',
      minutes: looks,
      curves: { records: values(({ recordsPerSecond }) => recordsPerSecond) },
    },
    {
      title: 'Open connections that are tracked',
      unit: 'sockets',
      minutes: looks,
      curves: { open: values(({ openConnections }) => openConnections) },
    },
    { title: "The agent's CPU", unit: '% of a core', minutes: looks, curves: { cpu: values(({ cpu }) => cpu) } },
  ]);
}

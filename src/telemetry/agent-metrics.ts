import { Counter, Gauge, Registry } from 'prom-client';

/** Every metric of the agent, defined in one place; docs/metrics.md is made from it. */
export interface AgentMetrics {
  readonly registry: Registry;
  readonly watchEvents: Counter<'resource' | 'what'>;
}

/** The counts of an agent, as far as its metrics show them. */
export interface CountedFlows {
  readonly accounts: readonly {
    readonly capture: string;
    readonly observed: number;
    readonly redelivered: number;
    readonly exported: number;
    readonly sampledOut: number;
    readonly filtered: Readonly<Record<string, number>>;
    readonly lost: Readonly<Record<string, number>>;
  }[];
  readonly exports: readonly {
    readonly name: string;
    readonly delivered: number;
    readonly dropped: number;
    readonly backlog: number;
  }[];
  readonly node: Readonly<Record<string, number>>;
}

/** What is read when somebody asks for the metrics, rather than counted as it happens. */
export interface AgentGauges {
  /** Seconds since the watch of a resource last heard of the API server. */
  readonly watchAges: () => Iterable<readonly [resource: string, seconds: number]>;
  readonly report: () => CountedFlows;
  /** Pods of this node that are known. */
  readonly pods: () => number;
  /** How much the agent does without, from 0. */
  readonly relief: () => number;
}

type Row = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Counts of the node that stand for what is there now; the others are running totals. */
const NODE_GAUGES = new Set(['openConnections', 'cgroupsOmitted', 'selectionOmitted', 'peersOmitted']);

export function agentMetrics(gauges: AgentGauges): AgentMetrics {
  const registry = new Registry();
  const total = (name: string, help: string, labelNames: readonly string[], read: () => Iterable<Row>) => {
    registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.inc(labels, value);
        },
      }),
    );
  };
  const gauge = (name: string, help: string, labelNames: readonly string[], read: () => Iterable<Row>) => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const [labels, value] of read()) this.set(labels, value);
        },
      }),
    );
  };
  const report = onceATurn(gauges.report);
  const byCapture = (count: (account: CountedFlows['accounts'][number]) => Readonly<Record<string, number>>) => () =>
    report().accounts.flatMap((account) =>
      Object.entries(count(account)).map(([what, value]): Row => [{ capture: account.capture, what }, value]),
    );
  total(
    'weir_agent_flows_total',
    'Flow records of a capture, by what became of them: observed by the kernel, redelivered after a restart (and so counted twice), exported, sampled out.',
    ['capture', 'what'],
    byCapture(({ observed, redelivered, exported, sampledOut }) => ({ observed, redelivered, exported, sampledOut })),
  );
  total(
    'weir_agent_flows_lost_total',
    'Flow records of a capture that were observed and lost, by reason.',
    ['capture', 'what'],
    byCapture(({ lost }) => lost),
  );
  total(
    'weir_agent_flows_filtered_total',
    "Flow records that were not the capture's after all, by reason.",
    ['capture', 'what'],
    byCapture(({ filtered }) => filtered),
  );
  const byExport = (of: 'delivered' | 'dropped' | 'backlog') => () =>
    report().exports.map((account): Row => [{ export: account.name }, account[of]]);
  total(
    'weir_agent_delivered_total',
    'Flow records that an export has acknowledged.',
    ['export'],
    byExport('delivered'),
  );
  total('weir_agent_dropped_total', 'Flow records that an export gave up.', ['export'], byExport('dropped'));
  gauge('weir_agent_backlog', 'Flow records that wait for an export.', ['export'], byExport('backlog'));
  const ofNode = (isGauge: boolean) => () =>
    Object.entries(report().node)
      .filter(([what]) => NODE_GAUGES.has(what) === isGauge)
      .map(([what, value]): Row => [{ what }, value]);
  total(
    'weir_agent_events_total',
    'What concerns no capture in particular, such as joins of both ends, and records whose owner was never known.',
    ['what'],
    ofNode(false),
  );
  gauge(
    'weir_agent_state',
    'What is so now: connections that are open, and cgroups beyond a bound.',
    ['what'],
    ofNode(true),
  );
  gauge(
    'weir_agent_relief',
    'How much the agent does without for want of memory or CPU, from 0: to 3 it reports live connections less often, beyond it captures fewer.',
    [],
    () => [[{}, gauges.relief()]],
  );
  gauge('weir_agent_pods', 'Pods of this node that are known.', [], () => [[{}, gauges.pods()]]);
  gauge(
    'weir_agent_watch_age_seconds',
    'Seconds since the watch of a resource last heard of the API server.',
    ['resource'],
    () => Array.from(gauges.watchAges(), ([resource, seconds]): Row => [{ resource }, seconds]),
  );
  const watchEvents = new Counter({
    name: 'weir_agent_watch_events_total',
    help: 'What happened to the watch of a resource: synced, ended, relisting, paging, failed, or a fault in one object.',
    labelNames: ['resource', 'what'],
    registers: [registry],
  });
  return { registry, watchEvents };
}

/** All metrics of one scrape are read in one turn: from one report, which asks the kernel for every counter. */
function onceATurn<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => {
    if (known === undefined) {
      known = { value: read() };
      queueMicrotask(() => {
        known = undefined;
      });
    }
    return known.value;
  };
}

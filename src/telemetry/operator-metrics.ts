import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of the operator, defined in one place; docs/metrics.md is made from it. */
export interface OperatorMetrics {
  readonly registry: Registry;
  readonly reconciles: Counter<'controller' | 'result'>;
  readonly reconcileSeconds: Histogram<'controller'>;
  readonly watchEvents: Counter<'resource' | 'what'>;
}

/** What is read when somebody asks for the metrics, rather than counted as it happens. */
export interface OperatorGauges {
  /** Seconds since the watch of a resource last heard of the API server. */
  readonly watchAges: () => Iterable<readonly [resource: string, seconds: number]>;
  /** Keys that wait in a controller's queue. */
  readonly queueSizes: () => Iterable<readonly [controller: string, size: number]>;
  /** Objects that the operator holds. */
  readonly objects: () => Iterable<readonly [resource: string, count: number]>;
}

const RECONCILE_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

export function operatorMetrics(gauges: OperatorGauges): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, label: string, read: () => Iterable<readonly [string, number]>) =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: [label],
        registers: [],
        collect() {
          this.reset();
          for (const [value, count] of read()) this.set({ [label]: value }, count);
        },
      }),
    );
  gauge(
    'weir_operator_watch_age_seconds',
    'Seconds since the watch of a resource last heard of the API server.',
    'resource',
    gauges.watchAges,
  );
  gauge('weir_operator_queue_size', "Objects that wait in a controller's queue.", 'controller', gauges.queueSizes);
  gauge('weir_operator_objects', 'Objects that the operator holds in memory.', 'resource', gauges.objects);
  return {
    registry,
    reconciles: new Counter({
      name: 'weir_operator_reconciles_total',
      help: 'Looks at an object: written, unchanged, or failed.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'weir_operator_reconcile_seconds',
      help: 'Time that a look at an object took, writing included.',
      labelNames: ['controller'],
      buckets: RECONCILE_BUCKETS,
      registers,
    }),
    watchEvents: new Counter({
      name: 'weir_operator_watch_events_total',
      help: 'What happened to the watch of a resource: synced, ended, relisting, paging, failed, or a fault in one object.',
      labelNames: ['resource', 'what'],
      registers,
    }),
  };
}

/** The wiring of the operator: watches → state → triggers → queues → controllers. */
import { OPERATOR_FIELD_MANAGER } from '../api/names.ts';
import { remedyFor } from '../api/remedy.ts';
import { FLOW_AGENTS, FLOW_CAPTURES, FLOW_EXPORTS } from '../api/resources.ts';
import { KubeClient } from '../kube/client.ts';
import { NAMESPACES, NODES, PODS } from '../kube/resource.ts';
import type { Transport } from '../kube/transport.ts';
import { Watches } from '../kube/watches.ts';
import type { Timers } from '../lib/timers.ts';
import type { Log } from '../telemetry/log.ts';
import { type OperatorMetrics, operatorMetrics } from '../telemetry/operator-metrics.ts';
import { agentController } from './controllers/agent/controller.ts';
import { captureController } from './controllers/capture/controller.ts';
import type { Controller } from './controllers/controller.ts';
import { exportController } from './controllers/export/controller.ts';
import { KubeOperator } from './dot-i.ts';
import { ControllerQueue } from './runtime/controller-queue.ts';
import { counterIntervalMillis } from './runtime/counter-interval.ts';
import {
  type AgentObject,
  type CaptureObject,
  type ExportObject,
  reduceAgent,
  reduceCapture,
  reduceExport,
  reduceNamespace,
  reduceNode,
  reducePod,
} from './state/reduce.ts';
import { newState, type State } from './state/state.ts';
import { Triggers } from './state/triggers.ts';

export interface OperatorOptions {
  readonly transport: Transport;
  /** Where the operator runs. */
  readonly namespace: string;
  readonly log: Log;
  readonly timers: Timers;
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms since some instant; never steps. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** The operator from its first list to its last write. */
export class WeirOperator extends KubeOperator {
  readonly metrics: OperatorMetrics;
  readonly #state: State;
  readonly #watches: Watches;
  readonly #queues: Readonly<Record<Controller['name'], ControllerQueue>>;
  readonly #log: Log;
  #stopped: Promise<void> | undefined;

  constructor(options: OperatorOptions) {
    const { transport, namespace, log, now } = options;
    super(log);
    this.#log = log;
    const client = new KubeClient(transport, { fieldManager: OPERATOR_FIELD_MANAGER });
    const state = newState(namespace);
    this.#state = state;
    this.metrics = operatorMetrics({
      watchAges: () => this.#watches.ages(),
      queueSizes: () => Object.values(this.#queues).map(({ name, size }) => [name, size] as const),
      objects: () => this.#watches.counts(),
    });
    const queue = (controller: Controller) => new ControllerQueue(controller, { ...options, metrics: this.metrics });
    this.#queues = {
      capture: queue(captureController(state, client, now)),
      export: queue(exportController(state, client, now)),
      agent: queue(agentController(state, client, now, (uids) => this.#wakeCaptures(uids))),
    };
    this.#watches = this.#watch(client, options);
  }

  /** Resolves once the whole cluster was seen and the first looks are queued: until then nothing is decided. */
  protected override async init(): Promise<void> {
    await this.#watches.start();
    const { captures, exports, nodes, agents } = this.#state;
    this.#log.info({ captures: captures.size, exports: exports.size, nodes: nodes.size }, 'the cluster is known');
    // An agent without a node may wait for its finalizer to be taken off.
    this.#queues.agent.start(new Set([...nodes.keys(), ...agents.keys()]));
    this.#queues.export.start(exports.keys());
    this.#queues.capture.start(captures.keys());
  }

  /** Begins no new write. `stopped` resolves when those under way have ended. */
  override stop(): void {
    this.#stopped ??= Promise.all([
      this.#watches.stop(),
      ...Object.values(this.#queues).map((queue) => queue.stop()),
    ]).then(() => undefined);
  }

  get stopped(): Promise<void> {
    return this.#stopped ?? Promise.resolve();
  }

  /** Why it cannot do its work yet; undefined when it can. */
  notReady(): string | undefined {
    const [missing, lost] = [this.#watches.missing(), this.#watches.lost()];
    if (missing.length > 0) return `not listed yet: ${missing.join(', ')}`;
    return lost.length === 0 ? undefined : `the API server does not answer the watches of ${lost.join(', ')}`;
  }

  #watch(client: KubeClient, options: OperatorOptions): Watches {
    const { capture, export: exporting, agent } = this.#queues;
    const { agents, captures, exports, namespaces, nodes, pods } = this.#state;
    const triggers = new Triggers(this.#state, {
      capture: (key) => capture.add(key),
      captureLater: (key) => capture.addAfter(key, counterIntervalMillis(captures.size)),
      export: (key) => exporting.add(key),
      exportLater: (key) => exporting.addAfter(key, counterIntervalMillis(exports.size)),
      agent: (node) => agent.add(node),
      isOwnWrite: (kind, key, resourceVersion) => this.#queues[kind].isOwnWrite(key, resourceVersion),
    });
    const count = (resource: string, what: string) => this.metrics.watchEvents.inc({ resource, what });
    const watches = new Watches(client, {
      ...options,
      count,
      remedy: (code, kinds) => remedyFor('operator', code, kinds),
    });
    watches.add({
      resource: NAMESPACES,
      store: namespaces,
      reduce: reduceNamespace,
      onDelta: (delta) => triggers.onNamespace(delta),
    });
    watches.add({ resource: NODES, store: nodes, reduce: reduceNode, onDelta: (delta) => triggers.onNode(delta) });
    watches.add({ resource: PODS, store: pods, reduce: reducePod, onDelta: (delta) => triggers.onPod(delta) });
    watches.add({
      resource: FLOW_EXPORTS,
      store: exports,
      reduce: (object: ExportObject) => reduceExport(object, this.#state.operatorNamespace),
      onDelta: (delta) => triggers.onExport(delta),
    });
    watches.add({
      resource: FLOW_CAPTURES,
      store: captures,
      reduce: (object: CaptureObject) => reduceCapture(object, this.#state.operatorNamespace),
      onDelta: (delta) => triggers.onCapture(delta),
    });
    watches.add({
      resource: FLOW_AGENTS,
      store: agents,
      reduce: (object: AgentObject) => reduceAgent(object, agents.get(object.metadata.name)),
      onDelta: (delta) => triggers.onAgent(delta),
    });
    return watches;
  }

  #wakeCaptures(uids: readonly string[]): void {
    const wanted = new Set(uids);
    for (const { key, uid } of this.#state.captures.values()) if (wanted.has(uid)) this.#queues.capture.add(key);
  }
}

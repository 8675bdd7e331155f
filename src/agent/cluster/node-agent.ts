/** The wiring of an agent in a cluster: watches → inventory and plan → agent → report. */
import { remedyFor } from '../../api/remedy.ts';
import { FLOW_AGENTS } from '../../api/resources.ts';
import { REASON } from '../../attribution/side.ts';
import { KubeClient } from '../../kube/client.ts';
import { Store } from '../../kube/store.ts';
import type { Transport } from '../../kube/transport.ts';
import type { Watches } from '../../kube/watches.ts';
import { WeirError } from '../../lib/errors.ts';
import type { Timers } from '../../lib/timers.ts';
import { type AgentMetrics, agentMetrics } from '../../telemetry/agent-metrics.ts';
import type { Log } from '../../telemetry/log.ts';
import { type AgentOptions, makeAgent } from '../agent.ts';
import { LiveInventory } from '../identify/live-inventory.ts';
import type { Agent } from '../lifecycle.ts';
import type { KernelLimits } from '../limits.ts';
import type { Pins } from '../load/pins.ts';
import type { Usage } from '../overload/pressure.ts';
import { ReliefValve } from '../overload/relief-valve.ts';
import { effectivePlan, emptyPlan } from './effective-plan.ts';
import { nodeWatches } from './node-watches.ts';
import { Rates } from './rates.ts';
import { Reporter, type Written } from './reporter.ts';
import { Shortcomings } from './shortcomings.ts';
import { AGENT_FIELD_MANAGER, isSamePlan, type Standing } from './standing.ts';
import { agentStatus } from './status.ts';
import { Totals } from './totals.ts';

export interface NodeAgentOptions {
  readonly transport: Transport;
  readonly node: string;
  readonly version: string;
  readonly kernel: { readonly release: string; readonly btf: boolean };
  readonly cgroups: AgentOptions['cgroups'];
  readonly openSink: AgentOptions['openSink'];
  readonly limits: Partial<KernelLimits>;
  /** What the capture is kept by for the next process; undefined: it ends with this one. */
  readonly pins: Pins | undefined;
  /** What the agent uses of what it may have. */
  readonly usage: () => readonly Usage[];
  readonly log: Log;
  readonly timers: Timers;
  /** ms since the epoch. */
  readonly now: () => number;
  /** ms since some instant; never steps. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** The agent cannot go on. */
  readonly failed: (error: unknown) => void;
}

/** A rate over less says more of the batches than of the flows. */
const LEAST_RATE_MILLIS = 5_000;
/** What a kernel refuses now it may take later, as when memory is short. */
const RETRY_MILLIS = 60_000;
/** Another agent of this node is on its way out. */
const SOON_MILLIS = 2_000;

export class NodeAgent {
  readonly metrics: AgentMetrics;
  readonly #options: NodeAgentOptions;
  readonly #inventory = new LiveInventory();
  readonly #standing = new Store<Standing>();
  readonly #agent: Agent;
  readonly #watches: Watches;
  readonly #reporter: Reporter;
  readonly #totals = new Totals();
  readonly #rates: Rates;
  readonly #valve: ReliefValve;
  readonly #shortcomings = new Shortcomings();
  /** What the agent does now, and how it went. */
  #adopted: { readonly standing: Standing; readonly refused: ReadonlyMap<string, readonly string[]> } | undefined;
  #failure: WeirError | undefined;
  #cancelRetry: (() => void) | undefined;
  #isSynced = false;
  #hasBegun = false;

  constructor(options: NodeAgentOptions) {
    const { transport, node, cgroups, openSink, limits, pins, usage, log, timers, monotonic, random, failed } = options;
    this.#options = options;
    if (pins === undefined) this.#shortcomings.notKept('no bpffs is mounted where the agent looks for it');
    this.#rates = new Rates(LEAST_RATE_MILLIS, monotonic);
    const client = new KubeClient(transport, { fieldManager: AGENT_FIELD_MANAGER });
    this.#agent = makeAgent({
      node,
      inventory: this.#inventory,
      known: {
        local: { owners: this.#inventory.owners, isOwnAddress: () => false },
        // Who had an address of another node, or before, only a history of the whole cluster can tell.
        far: { owners: { ownerAt: () => ({ is: 'unknown', reason: REASON.notWatched }) }, isOwnAddress: () => false },
      },
      openSink,
      limits,
      pins,
      cgroups,
      events: {
        sinkFailed: (name, error) => log.warn({ export: name, error: error.message }, 'a sink failed'),
        exportChanged: () => this.#reporter.changed(),
        notKept: (error) => {
          this.#shortcomings.notKept(error.message);
          log.warn({ error: error.message }, 'the capture ends with this process: a restart will miss connections');
        },
        recordFailed: (error) =>
          log.error({ error: String(error) }, 'a record could not be handled; counted as faulty'),
        failed,
      },
    });
    this.#reporter = new Reporter({
      client,
      report: (last) => this.#report(last),
      timers,
      monotonic,
      random,
      written: (resourceVersion) => log.debug({ resourceVersion }, 'reported'),
      failed: (error, retryMillis) => {
        const remedy = remedyFor('agent', codeOf(error), `flowagents/status.${FLOW_AGENTS.group}`);
        log.warn({ error: String(error), retryMillis, ...(remedy !== undefined && { remedy }) }, 'could not report');
      },
    });
    this.#valve = new ReliefValve({
      usage,
      timers,
      changed: (relief, message) => {
        this.#shortcomings.overloaded(message);
        log.warn({ ...relief, why: message }, 'what the agent does without has changed');
        this.#agent.relieve(relief);
        this.#reporter.changed();
      },
    });
    this.metrics = agentMetrics({
      watchAges: () => this.#watches.ages(),
      report: () => {
        const { accounts, exports, node: counts } = this.#agent.report();
        return { accounts, exports, node: { ...counts } };
      },
      pods: () => this.#inventory.size,
      relief: () => this.#valve.level,
    });
    this.#watches = this.#watch(client);
  }

  /** Resolves once the node's pods and its plan are known, and what the plan asks for runs, or is reported not to. */
  async start(): Promise<void> {
    await this.#watches.start();
    const { log, node } = this.#options;
    this.#isSynced = true;
    const standing = this.#standing.get(node);
    log.info({ pods: this.#inventory.size, captures: standing?.plan.captures.length ?? 0 }, 'the node is known');
    await this.#adopt();
    this.#valve.start();
  }

  /** Reports for the last time. What the plan still asks for goes on in the kernel, where it can be kept for the next process. */
  async stop(): Promise<void> {
    const { log } = this.#options;
    this.#cancelRetry?.();
    this.#valve.stop();
    await this.#watches.stop();
    await this.#agent.stop();
    await this.#reporter
      .stop()
      .catch((error: unknown) => log.warn({ error: String(error) }, 'the last report could not be written'));
  }

  /** Why it cannot do its work yet; undefined when it can. An API server that is away later does not keep it from that. */
  notReady(): string | undefined {
    const missing = this.#watches.missing();
    if (missing.length > 0) return `not listed yet: ${missing.join(', ')}`;
    return this.#isSynced ? undefined : 'the plan is not adopted yet';
  }

  #watch(client: KubeClient): Watches {
    return nodeWatches(client, {
      ...this.#options,
      count: (resource, what) => this.metrics.watchEvents.inc({ resource, what }),
      inventory: this.#inventory,
      standing: this.#standing,
      podsChanged: () => {
        if (this.#isSynced) this.#agent.podsChanged();
      },
      planChanged: () => {
        if (this.#isSynced) this.#adoptSoon();
      },
    });
  }

  /** As {@link #adopt}; a fault that it does not know ends the agent in order. */
  #adoptSoon(): void {
    this.#adopt().catch((error: unknown) => this.#options.failed(error));
  }

  /** Does what the FlowAgent asks now; what the kernel refuses is reported, and tried again. */
  async #adopt(): Promise<void> {
    const { node, log, timers } = this.#options;
    const standing = this.#standing.get(node);
    this.#cancelRetry?.();
    const { plan, refused } =
      standing === undefined ? { plan: emptyPlan(node), refused: new Map() } : effectivePlan(standing.plan);
    const failure = await this.#agent.adopt(plan).then(
      () => undefined,
      (error: unknown) => asWeirError(error),
    );
    if (!this.#hasBegun && failure?.retryable !== true) this.#begin(standing);
    // A later plan has overtaken this one, and is adopted next.
    if (!isSamePlan(standing, this.#standing.get(node))) return;
    this.#failure = failure;
    this.#adopted = standing === undefined ? undefined : { standing, refused };
    if (standing !== undefined) {
      this.#totals.begin(standing.uid, standing.status, this.#agent.report(), this.#agent.totals);
      this.#agent.totals = this.#totals.saved;
    }
    log.info({ captures: plan.captures.length, programs: plan.programs, hash: plan.hash }, 'adopted a plan');
    if (failure !== undefined) {
      const retryMillis = failure.retryable ? SOON_MILLIS : RETRY_MILLIS;
      log.error(
        { error: failure.message, retryMillis },
        'a program of the plan does not run; weir check in this pod tells what is missing',
      );
      this.#cancelRetry = timers.after(retryMillis, () => this.#adoptSoon());
    }
    this.#reporter.changed();
  }

  /** What is said of the time before this process. */
  #begin(standing: Standing | undefined): void {
    const { log, now } = this.#options;
    this.#hasBegun = true;
    if (this.#agent.hasRecovered) log.info('goes on with the capture of the process before');
    else this.#shortcomings.restarted(standing?.reportedAt, now());
  }

  #report(last: Written | undefined) {
    const adopted = this.#adopted;
    if (adopted === undefined) return undefined;
    const { version, kernel, now } = this.#options;
    const { standing, refused } = adopted;
    const report = this.#agent.report();
    const status = last?.uid === standing.uid ? last.status : standing.status;
    this.#rates.look(countsByUid(report));
    const facts = {
      version,
      kernel,
      standing: { ...standing, status },
      refused,
      failure: this.#failure,
      report,
      totals: this.#totals,
      rate: (uid: string) => this.#rates.of(uid),
      degraded: this.#shortcomings.worst(now(), standing.plan.programs.length > 0),
    };
    const { name, uid, plan } = standing;
    return { name, uid, status: agentStatus(facts, now()), everySeconds: plan.reportSeconds };
  }
}

function countsByUid({ accounts, exports }: ReturnType<Agent['report']>): Map<string, number> {
  return new Map([
    ...accounts.map(({ uid = '', observed }) => [uid, observed] as const),
    ...exports.map(({ uid = '', delivered }) => [uid, delivered] as const),
  ]);
}

function asWeirError(error: unknown): WeirError {
  return error instanceof WeirError ? error : new WeirError('Internal', String(error), { cause: error });
}

function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

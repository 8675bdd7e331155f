import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { makeAgent } from '../../src/agent/agent.ts';
import { cgroup2Mount } from '../../src/agent/identify/cgroup-mount.ts';
import { OwnAddresses } from '../../src/agent/identify/own-addresses.ts';
import type { Agent, AgentReport } from '../../src/agent/lifecycle.ts';
import type { KernelLimits } from '../../src/agent/limits.ts';
import type { Relief } from '../../src/agent/overload/relief.ts';
import { StaticOwners } from '../../src/attribution/static-owners.ts';
import type { Account } from '../../src/export/ledger.ts';
import { monotonicMillis } from '../../src/lib/timers.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import type { CaptureObject } from '../../src/plan/objects.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Flow } from '../../src/record/flow.ts';
import { FlowSink } from './flow-sink.ts';
import { assertWellFormed } from './invariants.ts';
import { Pod } from './lab/pod.ts';
import { inventoryOf, type ListedPod, listed, NAMESPACE } from './pod-inventory.ts';

/** Captures by name, each with the labels that it selects; `{}` selects every pod of the inventory. */
export type Captures = Readonly<Record<string, Readonly<Record<string, string>>>>;

type Specs = Readonly<Record<string, CaptureObject['spec']>>;

export interface CaptureOptions {
  /** What the inventory lists: nothing else of the machine is captured. */
  readonly pods: readonly (Pod | ListedPod)[];
  /** Default: one capture, `all`, of every pod. */
  readonly captures?: Captures;
  /** Names of the exports, each of which every capture feeds. Default: one. */
  readonly exports?: readonly string[];
  readonly limits?: Partial<KernelLimits>;
  /** By capture: what else it asks for. */
  readonly specs?: Specs;
  /** As of AgentOptions. */
  readonly wallOffset?: () => number;
}

/** An agent in this process, on pods of a lab, whose flows stay in memory. Its end asserts that the ledger balances. */
export class Capture implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #sinks: readonly FlowSink[];
  readonly #exports: readonly string[];
  readonly #failures: readonly unknown[];
  #end: Promise<AgentReport> | undefined;

  private constructor(
    agent: Agent,
    exports: readonly string[],
    sinks: readonly FlowSink[],
    failures: readonly unknown[],
  ) {
    this.#agent = agent;
    this.#exports = exports;
    this.#sinks = sinks;
    this.#failures = failures;
  }

  static async start({
    pods,
    captures = { all: {} },
    exports = ['memory'],
    limits = {},
    specs = {},
    wallOffset,
  }: CaptureOptions): Promise<Capture> {
    const plan = planOf(captures, exports, specs);
    const sinks = plan.exports.map(() => new FlowSink());
    const failures: unknown[] = [];
    const fail = (failure: unknown): void => void failures.push(failure);
    const inventory = inventoryOf(pods.map((pod) => (pod instanceof Pod ? listed(pod) : pod)));
    const own = new OwnAddresses(monotonicMillis);
    const known = { owners: new StaticOwners(inventory.pods), isOwnAddress: (address: string) => own.has(address) };
    const agent = makeAgent({
      node: plan.node,
      inventory,
      known: { local: known, far: known },
      openSink: async ({ index }) => sinks[index] ?? assert.fail('no sink'),
      limits,
      cgroups: { mount: cgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8')), version1: false },
      ...(wallOffset !== undefined && { wallOffset }),
      events: { sinkFailed: (_, error) => fail(error), recordFailed: fail, failed: fail },
    });
    await agent.adopt(plan);
    return new Capture(agent, exports, sinks, failures);
  }

  /** From now on these captures, by name, feed the exports that it began with; of its report each keeps its own row. */
  async adopt(captures: Captures, specs: Specs = {}): Promise<void> {
    await this.#agent.adopt(planOf(captures, this.#exports, specs));
  }

  /** From now on the agent does without so much. */
  relieve(relief: Relief): void {
    this.#agent.relieve(relief);
  }

  /** What came so far at the first export, in the order of the records. */
  get flows(): readonly Flow[] {
    return this.#first.flows;
  }

  /** What came so far, at each of the exports in the order of their names. */
  get flowsByExport(): readonly (readonly Flow[])[] {
    return this.#sinks.map(({ flows }) => flows);
  }

  /** All flows so far, as soon as there are so many. */
  async until(count: number, patienceMs?: number): Promise<readonly Flow[]> {
    try {
      const flows = await this.#first.until(count, patienceMs);
      // The ledger hears of a batch when its sink has returned.
      await new Promise(setImmediate);
      return flows;
    } catch (cause) {
      const { accounts, node } = this.report();
      throw new Error(`flows are missing: ${JSON.stringify({ accounts, node, failures: this.#failures })}`, { cause });
    }
  }

  report(): AgentReport {
    return this.#agent.report();
  }

  /** The account of the capture of that name. */
  account(name: string): Account {
    return accountOf(this.report(), name);
  }

  /** Empties ring and queues; then every flow must be accounted for, and every record well-formed. */
  stop(): Promise<AgentReport> {
    this.#end ??= this.#stop();
    return this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #first(): FlowSink {
    const [first] = this.#sinks;
    if (first === undefined) throw new Error('this capture feeds no export');
    return first;
  }

  async #stop(): Promise<AgentReport> {
    const report = await this.#agent.stop();
    assert.deepEqual(this.#failures, []);
    assert.equal(report.node.malformed, 0);
    for (const account of report.accounts) {
      assert.equal(account.unaccounted, 0, `the ledger does not balance: ${JSON.stringify(account)}`);
      assert.equal(account.inFlight, 0);
      for (const { flows } of this.#sinks) {
        const here = flows.filter(({ capture }) => capture.includes(account.capture)).length;
        assert.equal(account.exported, here, `${account.capture}: exported is not what the sink got`);
      }
    }
    for (const { flows } of this.#sinks) for (const flow of flows) assertWellFormed(flow);
    return report;
  }
}

export function accountOf({ accounts }: AgentReport, name: string): Account {
  const found = accounts.find(({ capture }) => capture === `${NAMESPACE}/${name}`);
  if (found === undefined) throw new Error(`no capture is named ${name}`);
  return found;
}

export function planOf(captures: Captures, exports: readonly string[], specs: Specs): Plan {
  const { plan, problems } = compilePlan({
    captures: Object.entries(captures).map(([name, matchLabels]) => ({
      metadata: { name, namespace: NAMESPACE },
      spec: {
        podSelector: { matchLabels },
        exports: exports.map((export_) => ({ name: export_ })),
        ...specs[name],
      },
    })),
    exports: exports.map((name) => ({ metadata: { name, namespace: NAMESPACE }, spec: {} })),
    node: { name: 'node-1', programs: ['tcp'] },
    namespaceLabels: () => ({}),
  });
  assert.deepEqual(problems, []);
  return plan;
}

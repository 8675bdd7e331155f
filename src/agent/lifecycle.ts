/** A running agent: how one plan follows another, and the order in which it stops. */
import type { Account, Ledger } from '../export/ledger.ts';
import type { CaptureRoute, RouteTable } from '../export/routes.ts';
import type { Plan } from '../plan/plan.ts';
import type { CaptureSets } from '../plan/sets.ts';
import type { Slots } from '../plan/slots.ts';
import type { ExportAccount, Exports } from './export/exports.ts';
import type { CgroupTree } from './identify/cgroup-tree.ts';
import type { Inventory } from './identify/inventory.ts';
import type { ReportWalk } from './load/report-walk.ts';
import { NO_RELIEF, type Relief } from './overload/relief.ts';
import type { Guard } from './read/guarded.ts';
import type { KernelCounts, NodeCounts } from './report/kernel-counts.ts';
import type { Continuity } from './restart/continuity.ts';
import type { SavedTotals } from './restart/saved-totals.ts';
import type { Awaited } from './select/awaited.ts';
import type { Intake, IntakeCounts } from './select/intake.ts';
import type { Wanted } from './select/wanted.ts';
import type { TcpCapture } from './tcp-capture.ts';

/** What an agent did, read after its end or while it runs. */
export interface AgentReport {
  readonly accounts: readonly Account[];
  readonly exports: readonly ExportAccount[];
  /** Captures, by index, that select some pod and get none of its flows: more than a set can hold come before them. */
  readonly crowdedOut: readonly number[];
  /** How live connections are found for their reports; undefined while no TCP program runs. */
  readonly reportWalk: ReportWalk | undefined;
  readonly node: NodeCounts &
    IntakeCounts & {
      /** cgroups that the last scan left out: too many, or too deep. */
      readonly cgroupsOmitted: number;
      /** cgroups that did not fit into the kernel's selection map at the last write. */
      readonly selectionOmitted: number;
      /** Lists of far sides that did not fit into the kernel at the last write. */
      readonly peersOmitted: number;
      /** Running total: how often a pod's set was left to user space because every set id was taken. */
      readonly setOverflows: number;
      /** Records that could not be handled, such as for want of file descriptors; their captures do not balance. */
      readonly faulty: number;
    };
}

export interface Agent {
  /** It goes on with the capture of an earlier process, which nobody has stopped meanwhile. */
  readonly hasRecovered: boolean;
  /** What the totals of a FlowAgent are made of: of the earlier process, until it is set for the next one. */
  totals: SavedTotals | undefined;
  /**
   * From now on the agent does what this plan asks; what was counted goes on. Programs that nothing asks for any more are
   * unloaded. Rejects with WeirError when this machine cannot load what is asked for, with all else adopted; with
   * ClusterFailed, and nothing adopted, while another agent of this node still runs.
   */
  adopt(plan: Plan): Promise<void>;
  /** The inventory has changed. */
  podsChanged(): void;
  /** From now on the agent does without so much, until it is told otherwise. */
  relieve(relief: Relief): void;
  /** The counts as they stand now; from the end on, the last ones. */
  report(): AgentReport;
  /**
   * Stops and leaves nothing in the kernel, but for the next process what the last plan still asks for. Later calls get the
   * first one's end.
   */
  stop(): Promise<AgentReport>;
}

/** What `agent.ts` has wired together. */
export interface Parts {
  /** @throws WeirError when this machine cannot, with nothing left in the kernel. */
  readonly startTcp: () => TcpCapture;
  readonly tree: Pick<CgroupTree, 'omitted'>;
  readonly slots: Pick<Slots, 'adopt'>;
  readonly sets: Pick<CaptureSets, 'adopt' | 'overflows'>;
  readonly table: Pick<RouteTable, 'adopt' | 'captures'>;
  readonly ledger: Pick<Ledger, 'adopt' | 'forget' | 'observedTotals' | 'accounts'>;
  readonly exports: Pick<Exports, 'adopt' | 'forget' | 'accounts' | 'drain'>;
  readonly counts: Pick<KernelCounts, 'byCapture' | 'node' | 'forget'>;
  readonly intake: Pick<Intake, 'counts' | 'provisional' | 'forget'>;
  readonly wanted: Pick<Wanted, 'adopt'>;
  readonly awaited: Pick<Awaited, 'pods' | 'release' | 'releaseAll'>;
  readonly guarded: Pick<Guard, 'faulty'>;
  readonly pods: Pick<Inventory, 'hasPod'>;
  /** Undefined: nothing outlives this process. */
  readonly continuity: Pick<Continuity, 'begin' | 'hasRecovered' | 'totals' | 'save' | 'end'> | undefined;
  /** As the selection was written last. */
  readonly crowdedOut: () => ReadonlySet<number>;
}

export class RunningAgent implements Agent {
  readonly #parts: Parts;
  #tcp: TcpCapture | undefined;
  #hasBegun = false;
  #asksForTcp = false;
  /** One plan after another, and the end after the last. */
  #turn: Promise<unknown> = Promise.resolve();
  #relief = NO_RELIEF;
  #stopped: Promise<AgentReport> | undefined;
  #last: AgentReport | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Sets that the kernel may still write into records. */
  get heldSets(): ReadonlySet<number> {
    return this.#tcp?.sets ?? new Set();
  }

  get hasRecovered(): boolean {
    return this.#parts.continuity?.hasRecovered ?? false;
  }

  get totals(): SavedTotals | undefined {
    return this.#parts.continuity?.totals;
  }

  set totals(totals: SavedTotals | undefined) {
    if (this.#parts.continuity !== undefined) this.#parts.continuity.totals = totals;
  }

  adopt(plan: Plan): Promise<void> {
    const adopted = this.#turn.then(() => (this.#stopped === undefined ? this.#adopt(plan) : undefined));
    this.#turn = adopted.catch(() => undefined);
    return adopted;
  }

  podsChanged(): void {
    const { awaited, pods } = this.#parts;
    for (const uid of awaited.pods) if (pods.hasPod(uid)) awaited.release(uid);
    this.#tcp?.podsChanged();
  }

  relieve(relief: Relief): void {
    this.#relief = relief;
    this.#tcp?.relieve(relief);
  }

  report(): AgentReport {
    return this.#last ?? this.#count();
  }

  stop(): Promise<AgentReport> {
    this.#stopped ??= this.#turn.then(() => this.#stop());
    return this.#stopped;
  }

  async #adopt(plan: Plan): Promise<void> {
    const { slots, sets, table, ledger, exports, wanted, continuity } = this.#parts;
    const isFirst = !this.#hasBegun;
    continuity?.begin();
    this.#hasBegun = true;
    const leaving = capturesWithout(table.captures, plan);
    if (leaving.size > 0) await this.#tcp?.reportTo(leaving);
    // What the kernel wrote under the plan before goes the way of that plan.
    this.#tcp?.readNow();
    const adopted = slots.adopt(plan);
    sets.adopt(adopted.plan);
    wanted.adopt(adopted.plan.captures);
    exports.adopt(adopted.plan.exports);
    table.adopt(adopted.plan.captures);
    ledger.adopt();
    this.#forget(adopted.forgotten);
    continuity?.save();
    this.#asksForTcp = plan.programs.includes('tcp');
    // An earlier process' program has records that are somebody's, also where it is not asked for any more.
    const isToStart = this.#tcp === undefined && (this.#asksForTcp || (isFirst && this.hasRecovered));
    if (isToStart) {
      this.#tcp = this.#parts.startTcp();
      this.#tcp.relieve(this.#relief);
    }
    if (!this.#asksForTcp) await this.#unload();
    else if (!isToStart) this.#tcp?.selectNow();
  }

  async #unload(): Promise<void> {
    const tcp = this.#tcp;
    if (tcp === undefined) return;
    await tcp.end('removed');
    this.#tcp = undefined;
    tcp.close();
  }

  #forget({ captures, exports }: { readonly captures: readonly number[]; readonly exports: readonly number[] }): void {
    for (const capture of captures) {
      for (const part of [this.#parts.ledger, this.#parts.counts, this.#parts.intake]) part.forget(capture);
    }
    for (const target of exports) this.#parts.exports.forget(target);
  }

  /** No new records, empty the ring, empty the queues, count. */
  async #stop(): Promise<AgentReport> {
    using stack = new DisposableStack();
    const tcp = this.#tcp;
    // The counters of the kernel can be read until they are released.
    stack.defer(() => this.#parts.continuity?.end());
    if (tcp !== undefined) stack.adopt(tcp, (loaded) => loaded.close());
    // What the plan still asks for goes on without a reader: this process ends, and not the capture.
    const isKept = this.#asksForTcp && this.#parts.continuity !== undefined;
    await tcp?.end(isKept ? 'kept' : 'removed');
    this.#parts.awaited.releaseAll();
    await this.#parts.exports.drain();
    this.#last = this.#count();
    return this.#last;
  }

  #count(): AgentReport {
    const { counts, intake, ledger, exports, tree, sets, guarded, crowdedOut } = this.#parts;
    ledger.observedTotals(counts.byCapture(intake.provisional));
    return {
      accounts: ledger.accounts(),
      exports: exports.accounts(),
      crowdedOut: [...crowdedOut()],
      reportWalk: this.#tcp?.reportWalk,
      node: {
        ...counts.node(),
        ...intake.counts,
        cgroupsOmitted: tree.omitted,
        selectionOmitted: this.#tcp?.omitted ?? 0,
        peersOmitted: this.#tcp?.peersOmitted ?? 0,
        setOverflows: sets.overflows,
        faulty: guarded.faulty,
      },
    };
  }
}

/** Those of these captures, by index, that a plan does not have. */
function capturesWithout(captures: Iterable<CaptureRoute>, plan: Plan): ReadonlySet<number> {
  const planned = new Set(plan.captures.map(({ uid, name }) => uid ?? name));
  const missing = Array.from(captures).filter(({ uid, name }) => !planned.has(uid ?? name));
  return new Set(missing.map(({ index }) => index));
}

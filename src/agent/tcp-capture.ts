/** The TCP program, and all that lives and dies with it: nothing of it is there while no capture asks for TCP. */
import { monotonicMillis, type Timers } from '../lib/timers.ts';
import type { PlanCapture } from '../plan/plan.ts';
import type { Wishes } from '../plan/wishes.ts';
import type { WallClock } from './decode/wall-clock.ts';
import type { CgroupTree } from './identify/cgroup-tree.ts';
import { EXPORTER_OPTIONS } from './limits.ts';
import { Libbpf } from './load/libbpf.ts';
import { loadTcpProgram, type TcpProgramOptions } from './load/load-tcp.ts';
import { requireTracingHere } from './load/machine.ts';
import type { ReportWalk } from './load/report-walk.ts';
import type { TcpProgram } from './load/tcp-program.ts';
import type { Relief } from './overload/relief.ts';
import { DrainLoop } from './read/drain-loop.ts';
import { LivePasses } from './read/live-passes.ts';
import type { RecordHandler } from './read/ring.ts';
import { ringSource } from './read/source.ts';
import type { KernelCounts } from './report/kernel-counts.ts';
import { type Continuity, RENEW_MILLIS } from './restart/continuity.ts';
import type { DesiredSelection } from './select/desired.ts';
import { keepSelected } from './select/keep.ts';
import { PeerLists } from './select/peer-lists.ts';
import { Policies } from './select/policies.ts';
import { SelectionMap } from './select/selection-map.ts';

export interface TcpCaptureOptions {
  readonly limits: TcpProgramOptions;
  readonly tree: CgroupTree;
  readonly desired: () => DesiredSelection;
  /** Those captures of a set that are in the plan. */
  readonly capturesOf: (set: number) => readonly (Wishes & Pick<PlanCapture, 'index'>)[];
  readonly clock: WallClock;
  readonly record: RecordHandler;
  readonly counts: KernelCounts;
  readonly timers: Timers;
  /** Has the program of an earlier process, and leaves this one's to the next; undefined: it ends with the process. */
  readonly continuity: Continuity | undefined;
  /** Nothing is kept in step, or nothing is read, from now on. */
  readonly failed: (error: unknown) => void;
}

export interface TcpCapture {
  /** How live connections are found for their reports. */
  readonly reportWalk: ReportWalk;
  /** Sets that some cgroup has in the kernel. */
  readonly sets: ReadonlySet<number>;
  /** cgroups that did not fit into the kernel's selection at the last write. */
  readonly omitted: number;
  /** Lists of far sides that did not fit into the kernel: user space decides about them. */
  readonly peersOmitted: number;
  /** Handles every record that waits now. */
  readNow(): void;
  /** Reports what live connections have carried until now, as far as these captures select them, which are about to end. */
  reportTo(captures: ReadonlySet<number>): Promise<void>;
  /** Pods have changed: the selection follows within moments. */
  podsChanged(): void;
  /** What is selected has changed: the selection has followed when this returns. */
  selectNow(): void;
  /** The agent does without so much from now on. */
  relieve(relief: Relief): void;
  /**
   * Live connections are reported for the last time, then no new records come; resolves when those that came are handled.
   * Kept, the program goes on for the next process: what comes from now on waits for it.
   */
  end(program: 'removed' | 'kept'): Promise<void>;
  /** Frees everything in the kernel that is not kept. */
  close(): void;
}

/** What the kernel refuses once, as for want of file descriptors, it may do the next time. */
const MAX_FAILED_PASSES = 10;

/**
 * Loads, selects, then attaches; or goes on with what is attached. Throws MissingPrivilege, Unsupported or KernelRefused with
 * what is missing; then nothing is left in the kernel.
 */
export function startTcpCapture(options: TcpCaptureOptions): TcpCapture {
  const { limits, tree, desired, capturesOf, clock, record, counts, timers, continuity, failed } = options;
  requireTracingHere();
  using opened = new DisposableStack();
  const former = continuity?.takeFormer();
  const program = opened.adopt(former ?? loadTcpProgram(Libbpf.load(), limits), (loaded) => loaded.close());
  opened.defer(() => counts.end());
  continuity?.follow(program);
  opened.defer(() => continuity?.close());
  const peers = new PeerLists(program.peerLists, program.peerMasks, monotonicMillis);
  const policies = new Policies(program.policies, peers, capturesOf);
  const selection = new SelectionMap(program.selection, program.selectionControl, {
    before: (sets) => {
      continuity?.save();
      if (policies.write(sets)) passes.reselected();
    },
    after: () => passes.reselected(),
  });
  const passes = new LivePasses({
    report: () => program.reportLive(),
    takeOver: () => program.takeOver(),
    reportMillis: () => policies.lookMillis,
    timers,
    failed: (error, times) => {
      if (times >= MAX_FAILED_PASSES) failed(error);
    },
  });
  opened.defer(() => void passes.stop());
  const keeper = opened.adopt(keepSelected(tree, selection, desired, timers, failed), (kept) => kept.stop());
  const ring = opened.adopt(ringSource(program.flows, clock, record, timers, continuity?.unsettled), (mapped) =>
    mapped.close(),
  );
  const loop = new DrainLoop(ring, failed);
  if (former === undefined) {
    program.attach();
    continuity?.keep(program);
  }
  opened.adopt(renewing(program, continuity, timers), (stop) => stop());
  counts.begin(program);
  loop.start();
  passes.start();
  const kept = opened.move();
  return {
    reportWalk: program.reportWalk,
    get sets() {
      return selection.sets;
    },
    get omitted() {
      return selection.omitted;
    },
    get peersOmitted() {
      return peers.omitted;
    },
    readNow() {
      while (ring.drain(EXPORTER_OPTIONS.maxRecords) === EXPORTER_OPTIONS.maxRecords);
    },
    async reportTo(captures) {
      const isTheirs = (set: number) => capturesOf(set).some(({ index }) => captures.has(index));
      policies.hurry([...selection.sets].filter(isTheirs));
      await passes.reportNow();
      policies.calm();
    },
    podsChanged: () => keeper.changed(),
    selectNow: () => keeper.refresh(),
    relieve: (relief) => policies.relieve(relief),
    async end(what) {
      await passes.stop();
      if (what === 'removed') {
        continuity?.remove();
        program.detach();
        program.reportAllNow();
      }
      await loop.stop();
    },
    close: () => kept.dispose(),
  };
}

/** Renews the program's lease from time to time; the answer ends that. */
function renewing(program: TcpProgram, continuity: Continuity | undefined, timers: Timers): () => void {
  let cancel: (() => void) | undefined;
  const next = () => {
    cancel = timers.after(RENEW_MILLIS, () => {
      continuity?.renew(program);
      next();
    });
  };
  if (continuity !== undefined) next();
  return () => cancel?.();
}

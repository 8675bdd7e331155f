/** The TCP program, and all that lives and dies with it: nothing of it is there while no capture asks for TCP. */
import type { Timers } from '../lib/timers.ts';
import type { WallClock } from './decode/wall-clock.ts';
import type { CgroupTree } from './identify/cgroup-tree.ts';
import { Libbpf } from './load/libbpf.ts';
import { requireTracingHere } from './load/machine.ts';
import { loadTcpProgram, type TcpProgramOptions } from './load/tcp-program.ts';
import { DrainLoop } from './read/drain-loop.ts';
import type { RecordHandler } from './read/ring.ts';
import { ringSource } from './read/source.ts';
import type { KernelCounts } from './report/kernel-counts.ts';
import type { DesiredSelection } from './select/desired.ts';
import { keepSelected } from './select/keep.ts';
import { SelectionMap } from './select/selection-map.ts';

export interface TcpCaptureOptions {
  readonly limits: TcpProgramOptions;
  readonly tree: CgroupTree;
  readonly desired: () => DesiredSelection;
  readonly clock: WallClock;
  readonly record: RecordHandler;
  readonly counts: KernelCounts;
  readonly timers: Timers;
  /** Nothing is kept in step, or nothing is read, from now on. */
  readonly failed: (error: unknown) => void;
}

export interface TcpCapture {
  /** Sets that some cgroup has in the kernel. */
  readonly sets: ReadonlySet<number>;
  /** cgroups that did not fit into the kernel's selection at the last write. */
  readonly omitted: number;
  /** Handles every record that waits now. */
  readNow(): void;
  /** Pods have changed: the selection follows within moments. */
  podsChanged(): void;
  /** What is selected has changed: the selection has followed when this returns. */
  selectNow(): void;
  /** No new records from now on; resolves when those that came are handled. */
  end(): Promise<void>;
  /** Frees everything in the kernel. */
  close(): void;
}

/**
 * Loads, selects, then attaches. Throws MissingPrivilege, Unsupported or KernelRefused with what is missing; then nothing is
 * left in the kernel.
 */
export function startTcpCapture(options: TcpCaptureOptions): TcpCapture {
  const { limits, tree, desired, clock, record, counts, timers, failed } = options;
  requireTracingHere();
  using opened = new DisposableStack();
  const program = opened.adopt(loadTcpProgram(Libbpf.load(), limits), (loaded) => loaded.close());
  const selection = new SelectionMap(program.selection, program.selectionControl);
  const keeper = opened.adopt(keepSelected(tree, selection, desired, timers, failed), (kept) => kept.stop());
  const ring = opened.adopt(ringSource(program.flows, clock, record, timers), (mapped) => mapped.close());
  const loop = new DrainLoop(ring, failed);
  program.attach();
  counts.begin(program);
  loop.start();
  const kept = opened.move();
  return {
    get sets() {
      return selection.sets;
    },
    get omitted() {
      return selection.omitted;
    },
    readNow: () => void ring.drain(Number.MAX_SAFE_INTEGER),
    podsChanged: () => keeper.changed(),
    selectNow: () => keeper.refresh(),
    end() {
      program.detach();
      return loop.stop();
    },
    close() {
      counts.end();
      kept.dispose();
    },
  };
}

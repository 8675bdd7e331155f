/** Keeps the kernel's selection in step with the cgroups that come and go. */
import { monotonicMillis, type Timers } from '../../lib/timers.ts';
import type { CgroupTree } from '../identify/cgroup-tree.ts';
import type { DesiredSelection } from './desired.ts';
import type { SelectionMap } from './selection-map.ts';

/** inotify tells of one directory at a time: a new pod makes several within moments. */
const SETTLE_MILLIS = 5;
/** See restAfter. */
const RESTS_PER_RESCAN = 10;
/** inotify events can be lost when its queue overflows, and nobody says so. */
const RESCAN_MILLIS = 10_000;

export interface SelectionKeeper {
  /** Something else than the tree has changed: the selection is written soon, from the tree as it is known. */
  changed(): void;
  /** Looks at the tree and writes at once. @throws what these throw; then it goes on all the same. */
  refresh(): void;
  stop(): void;
}

/**
 * Writes the selection at once, and again whenever the tree changes. `failed` is told when a later write fails: nothing is
 * kept in step from then on.
 */
export function keepSelected(
  tree: CgroupTree,
  selection: SelectionMap,
  desired: () => DesiredSelection,
  timers: Timers,
  failed: (error: unknown) => void,
): SelectionKeeper {
  let cancelScan: (() => void) | undefined;
  let cancelWrite: (() => void) | undefined;
  let [settling, writing] = [false, false];
  let [scanRest, writeRest] = [SETTLE_MILLIS, SETTLE_MILLIS];
  const write = (): void => {
    writing = false;
    cancelWrite?.();
    const begun = monotonicMillis();
    selection.write(desired());
    writeRest = restAfter(begun);
  };
  const scan = (): void => {
    settling = false;
    cancelScan?.();
    const begun = monotonicMillis();
    try {
      tree.rescan();
      write();
    } finally {
      scanRest = restAfter(begun);
      cancelScan = timers.after(RESCAN_MILLIS, later(scan));
    }
  };
  const later = (step: () => void) => (): void => {
    try {
      step();
    } catch (error) {
      stop();
      failed(error);
    }
  };
  const stop = (): void => {
    cancelScan?.();
    cancelWrite?.();
    tree.close();
  };
  tree.watch(() => {
    if (settling) return;
    settling = true;
    cancelScan?.();
    cancelScan = timers.after(scanRest, later(scan));
  });
  scan();
  return {
    changed() {
      if (writing) return;
      writing = true;
      cancelWrite = timers.after(writeRest, later(write));
    },
    refresh: scan,
    stop,
  };
}

/** Where there is always something new, looking at it takes at most a tenth of the time. */
function restAfter(begun: number): number {
  return Math.max(SETTLE_MILLIS, (monotonicMillis() - begun) * RESTS_PER_RESCAN);
}

/** Keeps the kernel's selection in step with the cgroups that come and go. */
import { monotonicMillis, type Timers } from '../../lib/timers.ts';
import type { CgroupTree } from '../identify/cgroup-tree.ts';
import type { DesiredSelection } from './desired.ts';
import type { SelectionMap } from './selection-map.ts';

/** inotify tells of one directory at a time: a new pod makes several within moments. */
const SETTLE_MILLIS = 5;
/** Where cgroups come and go all the time, a rescan takes at most a tenth of it. */
const RESTS_PER_RESCAN = 10;
/** inotify events can be lost when its queue overflows, and nobody says so. */
const RESCAN_MILLIS = 10_000;

export interface SelectionKeeper {
  /** Something else than the tree has changed: the selection is written soon. */
  changed(): void;
  /** As {@link changed}, and it is written when this returns. @throws what a write throws. */
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
  let cancel: (() => void) | undefined;
  let settling = false;
  let settleMillis = SETTLE_MILLIS;
  const refresh = (): void => {
    const begun = monotonicMillis();
    settling = false;
    tree.rescan();
    selection.write(desired());
    settleMillis = Math.max(SETTLE_MILLIS, (monotonicMillis() - begun) * RESTS_PER_RESCAN);
    cancel = timers.after(RESCAN_MILLIS, refreshLater);
  };
  const refreshLater = (): void => {
    try {
      refresh();
    } catch (error) {
      tree.close();
      failed(error);
    }
  };
  const changed = (): void => {
    if (settling) return;
    settling = true;
    cancel?.();
    cancel = timers.after(settleMillis, refreshLater);
  };
  tree.watch(changed);
  refresh();
  return {
    changed,
    refresh() {
      cancel?.();
      refresh();
    },
    stop() {
      cancel?.();
      tree.close();
    },
  };
}

/** What went over the agent's own bounds: it is not lost, but known less well. */
import type { CaptureSets } from '../../plan/sets.ts';
import type { CgroupTree } from '../identify/cgroup-tree.ts';
import type { SelectionMap } from '../select/selection-map.ts';

export interface BoundCounts {
  /** cgroups that the last scan left out: too many, or too deep. */
  readonly cgroupsOmitted: number;
  /** cgroups that did not fit into the kernel's selection map at the last write. */
  readonly selectionOmitted: number;
  /** Running total: how often a pod's set was left to user space because every set id was taken. */
  readonly setOverflows: number;
}

export function boundCounts(
  tree: Pick<CgroupTree, 'omitted'>,
  selection: Pick<SelectionMap, 'omitted'>,
  sets: Pick<CaptureSets, 'overflows'>,
): BoundCounts {
  return { cgroupsOmitted: tree.omitted, selectionOmitted: selection.omitted, setOverflows: sets.overflows };
}

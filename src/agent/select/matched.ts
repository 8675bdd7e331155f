/** Which captures a record belongs to: by the set that the kernel wrote, or decided here where the kernel could not know. */
import { type CaptureSets, SET_UNKNOWN } from '../../plan/sets.ts';
import type { CgroupOwners } from '../identify/cgroup-owners.ts';
import type { Inventory } from '../identify/inventory.ts';
import { selectedPod } from './desired.ts';

export interface Matched {
  /** Positions of captures in the plan; empty when no capture selects it after all. */
  readonly captures: readonly number[];
  /** The kernel did not know: it has counted the flow for nobody yet. */
  readonly provisional: boolean;
  /** Nor is it known here, because the cgroup was gone too soon: whether a capture selects it, nobody can say. */
  readonly ownerUnknown: boolean;
}

export function matchedCaptures(
  record: { readonly set: number; readonly cgroupId: number },
  sets: CaptureSets,
  cgroups: CgroupOwners,
  inventory: Inventory,
): Matched {
  if (record.set !== SET_UNKNOWN) {
    return { captures: sets.capturesOf(record.set), provisional: false, ownerUnknown: false };
  }
  const { cgroup, pod } = cgroups.ownerOf(record.cgroupId);
  const captures = pod === undefined ? [] : sets.selectionOf(selectedPod(pod, inventory)).captures;
  return { captures, provisional: true, ownerUnknown: cgroup.is === 'unknown' };
}

/** Which captures a record belongs to: by the set that the kernel wrote, or decided here where the kernel could not know. */
import { type CaptureSets, SET_UNKNOWN } from '../../plan/sets.ts';
import type { CgroupOwners, ResolvedCgroup } from '../identify/cgroup-owners.ts';
import type { Inventory } from '../identify/inventory.ts';
import { selectedPod } from './desired.ts';

export interface Matched {
  /** Indexes of captures; empty when no capture selects it after all. */
  readonly captures: readonly number[];
  /** The kernel did not know: it has counted the flow for nobody yet, and this is whose it is as far as is known here. */
  readonly provisional: ResolvedCgroup | undefined;
}

export function matchedCaptures(
  record: { readonly set: number; readonly cgroupId: number },
  sets: CaptureSets,
  cgroups: CgroupOwners,
  inventory: Inventory,
): Matched {
  if (record.set !== SET_UNKNOWN) return { captures: sets.capturesOf(record.set), provisional: undefined };
  const owner = cgroups.ownerOf(record.cgroupId);
  const captures = owner.pod === undefined ? [] : sets.selectionOf(selectedPod(owner.pod, inventory)).captures;
  return { captures, provisional: owner };
}

/** Which cgroups the kernel must know, and the set of captures of each: pure, from the cgroup tree and the inventory. */
import { type CaptureSets, SET_NONE, SET_UNKNOWN } from '../../plan/sets.ts';
import type { Inventory } from '../identify/inventory.ts';
import type { InventoryPod } from '../identify/inventory-pod.ts';

export interface DesiredSelection {
  /** Set of sockets whose cgroup and its parents are not listed. */
  readonly defaultSet: number;
  /** cgroup id → set id. */
  readonly entries: ReadonlyMap<number, number>;
  /** Ids of every cgroup that is there now. */
  readonly present: ReadonlySet<number>;
}

/**
 * Without an inventory every socket of the machine is in one set. With one: every pod's topmost cgroup is listed,
 * selected or not. A pod whose cgroup is not there yet makes its nearest parent unknown, so that its first connections
 * are captured provisionally.
 * @param cgroups every cgroup that is there: path → id.
 */
export function desiredSelection(
  cgroups: ReadonlyMap<string, number>,
  inventory: Inventory | undefined,
  sets: CaptureSets,
): DesiredSelection {
  const present = new Set(cgroups.values());
  if (inventory === undefined) return { defaultSet: sets.everything().id, entries: new Map(), present };
  const entries = new Map<number, number>();
  const found = new Set<InventoryPod>();
  for (const [path, id] of cgroups) {
    const pod = inventory.podOf(path);
    const above = path === '/' ? undefined : inventory.podOf(parentOf(path));
    if (pod !== undefined) found.add(pod);
    // Also where an unlisted pod begins inside of a listed one's cgroup: it is not that pod.
    if (pod !== above) entries.set(id, pod === undefined ? SET_NONE : setOf(pod, inventory, sets));
  }
  for (const pod of inventory.pods) {
    if (found.has(pod)) continue;
    for (const parent of parentsToBe(pod, cgroups)) if (!entries.has(parent)) entries.set(parent, SET_UNKNOWN);
  }
  return { defaultSet: SET_NONE, entries, present };
}

/** What a pod is selected by. */
export function selectedPod(pod: InventoryPod, inventory: Inventory) {
  return { namespace: pod.namespace, labels: pod.labels, namespaceLabels: inventory.namespaceLabels(pod.namespace) };
}

function setOf(pod: InventoryPod, inventory: Inventory, sets: CaptureSets): number {
  return sets.setFor(selectedPod(pod, inventory)).id;
}

const POD_PARENT = /(?:^|\/|-)kubepods(?:\.slice)?$/;

/** Ids of the cgroups below which the pod will appear: its nearest parent that is there, or kubelet's, or the root. */
function parentsToBe(pod: InventoryPod, cgroups: ReadonlyMap<string, number>): number[] {
  if (pod.cgroup === undefined) {
    const parents = [...cgroups].filter(([path]) => POD_PARENT.test(path)).map(([, id]) => id);
    if (parents.length > 0) return parents;
  }
  for (let path = pod.cgroup ?? '/'; ; path = parentOf(path)) {
    const id = cgroups.get(path);
    if (id !== undefined) return [id];
    if (path === '/') return [];
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

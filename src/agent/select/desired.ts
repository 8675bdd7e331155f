/** Which cgroups the kernel must know, and the set of captures of each: pure, from the cgroup tree and the inventory. */
import { type CaptureSet, type CaptureSets, SET_NONE, SET_UNKNOWN } from '../../plan/sets.ts';
import { parseCgroupPath } from '../identify/container.ts';
import type { Inventory } from '../identify/inventory.ts';
import type { InventoryPod } from '../identify/inventory-pod.ts';
import { expectantParents, parentOf } from './expectant.ts';

export interface DesiredSelection {
  /** Set of sockets whose cgroup and its parents are not listed. */
  readonly defaultSet: number;
  /** cgroup id → set id. */
  readonly entries: ReadonlyMap<number, number>;
  /** Ids of every cgroup that is there now. */
  readonly present: ReadonlySet<number>;
  /** Captures, by index, that select some pod and get none of its flows: more than a set can hold come before them. */
  readonly refused: ReadonlySet<number>;
}

/**
 * Without an inventory every socket of the machine is in one set. With one: every pod's topmost cgroup is listed,
 * selected or not. The directories where a pod's cgroup may come, or come again, are unknown, so that its first connections
 * are captured provisionally; what is in them already and is no pod is listed as such, so that only new ones are unknown.
 * So is a pod that the inventory does not list yet, where it may still come.
 * @param cgroups every cgroup that is there: path → id.
 */
export function desiredSelection(
  cgroups: ReadonlyMap<string, number>,
  inventory: Inventory | undefined,
  sets: CaptureSets,
): DesiredSelection {
  const present = new Set(cgroups.values());
  const refused = new Set<number>();
  const note = (set: CaptureSet): number => {
    for (const capture of set.refused) refused.add(capture);
    return set.id;
  };
  if (inventory === undefined) return { defaultSet: note(sets.everything()), entries: new Map(), present, refused };
  const pods = new Map<string, InventoryPod | undefined>();
  for (const path of cgroups.keys()) pods.set(path, inventory.podOf(path));
  const expectant = expectantParents(pods, inventory);
  const entries = new Map<number, number>();
  for (const [path, id] of cgroups) {
    const pod = pods.get(path);
    const parent = path === '/' ? undefined : parentOf(path);
    const above = parent === undefined ? undefined : pods.get(parent);
    // Also where an unlisted pod begins inside of a listed one's cgroup: it is not that pod.
    const begins = pod !== above;
    const isTopmost = begins && pod !== undefined;
    if (expectant.has(path) && !isTopmost) entries.set(id, SET_UNKNOWN);
    else if (begins || (parent !== undefined && expectant.has(parent)))
      entries.set(
        id,
        pod === undefined ? setOfUnlisted(path, inventory) : note(sets.setFor(selectedPod(pod, inventory))),
      );
  }
  return { defaultSet: SET_NONE, entries, present, refused };
}

function setOfUnlisted(path: string, { grows }: Inventory): number {
  return grows && parseCgroupPath(path).podUid !== undefined ? SET_UNKNOWN : SET_NONE;
}

/** What a pod is selected by. */
export function selectedPod(pod: InventoryPod, inventory: Inventory) {
  return { namespace: pod.namespace, labels: pod.labels, namespaceLabels: inventory.namespaceLabels(pod.namespace) };
}

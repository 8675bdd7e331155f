/** Where the cgroups of pods may come: pure, from the paths that are there and the pods that are expected. */
import { kubeletRoot } from '../identify/container.ts';
import type { Inventory } from '../identify/inventory.ts';
import type { InventoryPod } from '../identify/inventory-pod.ts';

/** Directories that kubelet makes pods in: its root, and those of its quality-of-service classes. */
const KUBELET_PARENT = /(?:^|[/-])kubepods(?:\.slice|[-/](?:burstable|besteffort)(?:\.slice)?)?$/;

/**
 * The directories that are there and in which a pod's cgroup may come, for a pod that is there also: it may go and come
 * again between two looks. Directories between two of them are among them.
 *
 * The root is one only while a pod that would come right below it is not there: it would make everything new on the machine
 * unknown. A pod that has ended is not expected.
 * @param podAt every cgroup that is there, with the pod that it belongs to.
 */
export function expectantParents(
  podAt: ReadonlyMap<string, InventoryPod | undefined>,
  { pods, grows }: Pick<Inventory, 'pods' | 'grows'>,
): ReadonlySet<string> {
  const places = topmostCgroups(podAt);
  const kubelets = ownKubelets([...podAt.keys()], places);
  // Whom nobody has listed yet may come as well.
  const parents = new Set<string>(grows ? kubelets : []);
  for (const pod of pods) {
    if (pod.ended) continue;
    const found = places.get(pod) ?? [];
    for (const parent of parentsOf(pod, found, podAt, kubelets))
      if (parent !== '/' || found.length === 0) parents.add(parent);
  }
  return joined(parents);
}

/**
 * Several nodes may share one kernel (kind): where it is known in which kubelet's directories the listed pods live, those of
 * the others hold nobody that is awaited.
 */
function ownKubelets(paths: readonly string[], places: ReadonlyMap<unknown, readonly string[]>): readonly string[] {
  const kubelets = paths.filter((path) => KUBELET_PARENT.test(path));
  const roots = new Set([...places.values()].flat().flatMap((path) => kubeletRoot(path) ?? []));
  return roots.size === 0 ? kubelets : kubelets.filter((path) => roots.has(kubeletRoot(`${path}/`) ?? ''));
}

function parentsOf(
  { cgroup }: InventoryPod,
  found: readonly string[],
  there: ReadonlyMap<string, unknown>,
  kubelets: readonly string[],
): readonly string[] {
  if (cgroup !== undefined) return [nearestAbove(cgroup, there)];
  if (found.length > 0) return found.map(parentOf);
  return kubelets.length > 0 ? kubelets : ['/'];
}

function topmostCgroups(podAt: ReadonlyMap<string, InventoryPod | undefined>): Map<InventoryPod, string[]> {
  const places = new Map<InventoryPod, string[]>();
  for (const [path, pod] of podAt) {
    if (pod === undefined || (path !== '/' && podAt.get(parentOf(path)) === pod)) continue;
    const known = places.get(pod);
    if (known === undefined) places.set(pod, [path]);
    else known.push(path);
  }
  return places;
}

function nearestAbove(path: string, there: ReadonlyMap<string, unknown>): string {
  let above = parentOf(path);
  while (above !== '/' && !there.has(above)) above = parentOf(above);
  return above;
}

/** With what lies between two of them: were it not unknown, it would hide the upper one from what comes in it. */
function joined(parents: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set(parents);
  for (const parent of parents) {
    const between: string[] = [];
    for (let path = parent; path !== '/'; ) {
      path = parentOf(path);
      if (parents.has(path)) for (const passed of between.splice(0)) all.add(passed);
      else between.push(path);
    }
  }
  return all;
}

/** The path one level up; the root is its own. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

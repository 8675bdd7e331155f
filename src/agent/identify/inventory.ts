import type { LocatedObject } from '../../api/manifest/manifest.ts';
import type { FieldPath, Problem } from '../../api/manifest/problem.ts';
import type { PodUidIdentities } from '../../attribution/identities.ts';
import type { CgroupOwner } from '../../attribution/owners.ts';
import type { Identity } from '../../record/flow.ts';
import { parseCgroupPath } from './container.ts';
import { CGROUP_ANNOTATION, type InventoryPod, inventoryPod } from './inventory-pod.ts';
import { isNamespace, isPod } from './inventory-schema.ts';

/** An inventory that stays as it is. */
export interface StaticInventory extends Inventory {
  readonly pods: readonly InventoryPod[];
}

export interface Inventory {
  readonly pods: Iterable<InventoryPod>;
  /** Whether a pod may be listed later than its cgroup is there: then one that is not listed may still be selected. */
  readonly grows: boolean;
  /** Whether a pod is listed by this uid, or was. */
  hasPod(uid: string): boolean;
  /** The pod that a record names so, if it is listed, or was. */
  podNamed(identity: Identity): InventoryPod | undefined;
  /** The labels of a namespace, `kubernetes.io/metadata.name` among them, as every namespace has it. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** The pod whose cgroup this is, or that the path lies below; `/` and paths outside of every pod give none. */
  podOf(cgroupPath: string): InventoryPod | undefined;
  /** Whose process it is that lives in this cgroup; a pod that is not listed by its uid alone. */
  ownerOf(cgroupPath: string, uids: PodUidIdentities): CgroupOwner;
}

/**
 * Pods and namespaces out of objects that INVENTORY_KINDS have accepted. With problems the inventory should not be used:
 * what is doubtful in it is left out.
 */
export function buildInventory(objects: readonly LocatedObject[]): {
  inventory: StaticInventory;
  problems: Problem[];
} {
  const problems: Problem[] = [];
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  const pods: InventoryPod[] = [];
  const index = new PodIndex();
  for (const object of objects) {
    if (isNamespace(object)) {
      if (namespaces.has(object.name)) problems.push(duplicate(object, object.name));
      else namespaces.set(object.name, namespaceLabelsWithName(object.name, object.value.metadata.labels));
    } else if (isPod(object)) {
      const found = inventoryPod(object);
      const fresh = [...found.problems, ...index.add(found.pod, object)];
      problems.push(...fresh);
      if (fresh.length === 0) pods.push(found.pod);
    }
  }
  problems.push(...index.nested());
  const podOf = (path: string): InventoryPod | undefined => index.podOf(path);
  const inventory: StaticInventory = {
    pods,
    grows: false,
    hasPod: (uid) => index.has(uid),
    podNamed: (identity) => index.named(identity),
    podOf,
    namespaceLabels: (namespace) => namespaces.get(namespace) ?? namespaceLabelsWithName(namespace, undefined),
    ownerOf: (path, uids) => {
      const pod = podOf(path);
      if (pod !== undefined) return { is: 'pod', pod };
      const { podUid } = parseCgroupPath(path);
      return podUid === undefined ? { is: 'host' } : { is: 'unlistedPod', identity: uids.of(podUid), foreign: false };
    },
  };
  return { inventory, problems };
}

/** Pods by name, uid and cgroup. */
class PodIndex {
  readonly #byName = new Map<string, InventoryPod>();
  readonly #byUid = new Map<string, InventoryPod>();
  readonly #byCgroup = new Map<string, { pod: InventoryPod; object: LocatedObject }>();

  has(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  named({ podUid, namespace, podName }: Identity): InventoryPod | undefined {
    return podUid === undefined ? this.#byName.get(`${namespace}/${podName}`) : this.#byUid.get(podUid);
  }

  /** Adds the pod, unless it takes what another has already. */
  add(pod: InventoryPod, object: LocatedObject): Problem[] {
    const name = `${pod.namespace}/${pod.name}`;
    if (this.#byName.has(name)) return [duplicate(object, name)];
    const taken = pod.uids.find((uid) => this.#byUid.has(uid));
    if (taken !== undefined) {
      const message = `is the uid of pod ${nameOf(this.#byUid.get(taken))} too; a uid is one pod's alone`;
      return [object.problemAt(['metadata', 'uid'], message, 'a uid of its own')];
    }
    const other = pod.cgroup === undefined ? undefined : this.#byCgroup.get(pod.cgroup);
    if (other !== undefined) {
      const message = `is the cgroup of pod ${nameOf(other.pod)} too; give each pod a cgroup of its own`;
      return [object.problemAt(CGROUP_FIELD, message, 'a cgroup of its own')];
    }
    this.#byName.set(name, pod);
    for (const uid of pod.uids) this.#byUid.set(uid, pod);
    if (pod.cgroup !== undefined) this.#byCgroup.set(pod.cgroup, { pod, object });
    return [];
  }

  /** Pods that live inside of another pod's cgroup: their processes would be both pods'. */
  nested(): Problem[] {
    return [...this.#byCgroup].flatMap(([path, { object }]) => {
      const outer = this.#nearest(parentOf(path));
      if (outer === undefined) return [];
      const message = `lies inside of the cgroup of pod ${nameOf(outer.pod)} (${outer.path}); put the two side by side`;
      return [object.problemAt(CGROUP_FIELD, message, 'a cgroup outside of every other pod')];
    });
  }

  /** By the nearest listed cgroup, unless a pod's uid stands in the path below it: the innermost pod wins. */
  podOf(path: string): InventoryPod | undefined {
    const listed = this.#nearest(path);
    const { podUid } = parseCgroupPath(listed === undefined ? path : path.slice(listed.path.length));
    return podUid === undefined ? listed?.pod : this.#byUid.get(podUid);
  }

  #nearest(path: string): { pod: InventoryPod; path: string } | undefined {
    if (this.#byCgroup.size === 0) return undefined;
    for (let at = path; at.length > 1; at = parentOf(at)) {
      const entry = this.#byCgroup.get(at);
      if (entry !== undefined) return { pod: entry.pod, path: at };
    }
    return undefined;
  }
}

const CGROUP_FIELD: FieldPath = ['metadata', 'annotations', CGROUP_ANNOTATION];

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function nameOf(pod: InventoryPod | undefined): string {
  return `${pod?.namespace ?? ''}/${pod?.name ?? ''}`;
}

function duplicate(object: LocatedObject, name: string): Problem {
  const message = `another ${object.kind} is named ${name} too; list each once`;
  return object.problemAt(['metadata', 'name'], message, 'a name of its own');
}

/** As every namespace has them: with its own name among them. */
export function namespaceLabelsWithName(
  name: string,
  labels: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  return { ...labels, 'kubernetes.io/metadata.name': name };
}

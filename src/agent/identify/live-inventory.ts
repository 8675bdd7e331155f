import type { PodUidIdentities } from '../../attribution/identities.ts';
import type { AddressAnswer, AddressOwners, CgroupOwner } from '../../attribution/owners.ts';
import type { Identity } from '../../record/flow.ts';
import { kubeletRoot, parseCgroupPath } from './container.ts';
import { type Inventory, namespaceLabelsWithName } from './inventory.ts';
import type { InventoryPod } from './inventory-pod.ts';
import type { PodFacts } from './pod-facts.ts';

/** What a watch brings of a pod, its addresses in canonical text. */
export interface WatchedPod extends PodFacts {
  readonly addresses: readonly string[];
  readonly nodeAddresses: readonly string[];
}

/** Pods that are gone and remembered: their last connections are reported after them. */
const MAX_GONE = 4096;
const NOT_LISTED: AddressAnswer = { is: 'none', reason: 'notInInventory' };

/** One object a pod for as long as it is known: attribution compares pods by it, encoders cache by its identity. */
class LivePod implements InventoryPod {
  namespace = '';
  name = '';
  labels: Readonly<Record<string, string>> = {};
  uids: readonly string[] = [];
  ended = false;
  hostNetwork = false;
  addresses: readonly string[] = [];
  nodeAddresses: readonly string[] = [];
  readonly cgroup = undefined;
  readonly identity: Identity;

  constructor(identity: Identity) {
    this.identity = identity;
  }
}

/** The pods of this node and the labels of namespaces, as watches bring them; those that are gone stay known for a while. */
export class LiveInventory implements Inventory {
  readonly grows = true;
  readonly #pods = new Map<string, LivePod>();
  readonly #byUid = new Map<string, LivePod>();
  readonly #byAddress = new Map<string, Set<LivePod>>();
  readonly #gone = new Set<LivePod>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** Of the kubelets in whose directories pods were found: one, on a node that is a node. */
  readonly #roots = new Set<string>();

  get pods(): Iterable<InventoryPod> {
    return this.#pods.values();
  }

  get size(): number {
    return this.#pods.size;
  }

  /** @param key `namespace/name`; of another uid than before, the former was removed. */
  putPod(key: string, watched: WatchedPod): void {
    const pod = this.#pods.get(key) ?? new LivePod(watched.identity);
    this.#unindex(pod);
    const { identity: _, ...facts } = watched;
    // An ended pod keeps its addresses in its status, and another pod may have them by now.
    Object.assign(pod, facts, watched.ended && { addresses: [] });
    this.#pods.set(key, pod);
    for (const uid of pod.uids) this.#byUid.set(uid, pod);
    for (const address of pod.addresses) {
      const owners = this.#byAddress.get(address);
      if (owners === undefined) this.#byAddress.set(address, new Set([pod]));
      else owners.add(pod);
    }
  }

  removePod(key: string): void {
    const pod = this.#pods.get(key);
    if (pod === undefined) return;
    this.#pods.delete(key);
    this.#unindex(pod);
    this.#gone.add(pod);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(oldest);
      for (const uid of oldest.uids) if (this.#byUid.get(uid) === oldest) this.#byUid.delete(uid);
    }
  }

  putNamespace(name: string, labels: Readonly<Record<string, string>>): void {
    this.#namespaces.set(name, labels);
  }

  removeNamespace(name: string): void {
    this.#namespaces.delete(name);
  }

  hasPod(uid: string): boolean {
    return this.#byUid.has(uid);
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return namespaceLabelsWithName(namespace, this.#namespaces.get(namespace));
  }

  podOf(path: string): InventoryPod | undefined {
    const { podUid } = parseCgroupPath(path);
    const pod = podUid === undefined ? undefined : this.#byUid.get(podUid);
    // Where a pod of this node is found, its kubelet's directories are.
    const root = pod === undefined ? undefined : kubeletRoot(path);
    if (root !== undefined) this.#roots.add(root);
    return pod;
  }

  ownerOf(path: string, uids: PodUidIdentities): CgroupOwner {
    const pod = this.podOf(path);
    if (pod !== undefined) return { is: 'pod', pod };
    const { podUid } = parseCgroupPath(path);
    if (podUid === undefined) return { is: 'host' };
    return { is: 'unlistedPod', identity: uids.of(podUid), foreign: this.#isForeign(path) };
  }

  /** Who of this node's pods has the address now; nothing is said of other nodes' pods. */
  get owners(): AddressOwners {
    return { ownerAt: (address) => this.#ownerAt(address) };
  }

  #ownerAt(address: string): AddressAnswer {
    const owners = [...(this.#byAddress.get(address) ?? [])].filter(({ hostNetwork }) => !hostNetwork);
    const [owner] = owners;
    if (owner === undefined) return NOT_LISTED;
    if (owners.length > 1) return { is: 'ambiguous', candidates: owners.map(({ identity }) => identity) };
    return { is: 'owned', identity: owner.identity, reason: 'watched' };
  }

  /** Whether the path lies with another kubelet than the one in whose directories this node's pods were found. */
  #isForeign(path: string): boolean {
    const root = kubeletRoot(path);
    return this.#roots.size > 0 && (root === undefined || !this.#roots.has(root));
  }

  #unindex(pod: LivePod): void {
    for (const address of pod.addresses) {
      const owners = this.#byAddress.get(address);
      owners?.delete(pod);
      if (owners?.size === 0) this.#byAddress.delete(address);
    }
  }
}

import type { PodUidIdentities } from '../../attribution/identities.ts';
import type { AddressAnswer, AddressOwners, CgroupOwner } from '../../attribution/owners.ts';
import { canonicalJson } from '../../plan/canonical.ts';
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

/** One object a pod for as long as it is known: attribution compares pods by it. */
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
  /** One object for as long as it says the same: encoders cache by it. */
  identity: Identity;

  constructor(identity: Identity) {
    this.identity = identity;
  }
}

/**
 * The pods of this node and the labels of namespaces, as watches bring them; those that are gone stay known for a while. A pod
 * is listed once its namespace is known, too: captures select by the labels of both.
 */
export class LiveInventory implements Inventory {
  readonly grows = true;
  readonly #pods = new Map<string, LivePod>();
  /** By uid, those that are there: two that claim one, as with a forged hash of a static pod, and it is nobody's. */
  readonly #claims = new Map<string, Set<LivePod>>();
  readonly #byAddress = new Map<string, Set<LivePod>>();
  /** By the uid of their object, the longest gone first. */
  readonly #gone = new Map<string, LivePod>();
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** Pods of namespaces that are not known yet, by key. */
  readonly #early = new Map<string, WatchedPod>();
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
    if (!this.#namespaces.has(watched.namespace) && !this.#pods.has(key)) {
      this.#early.set(key, watched);
      return;
    }
    const pod = this.#pods.get(key) ?? new LivePod(watched.identity);
    this.#unindex(pod);
    const identity = canonicalJson(pod.identity) === canonicalJson(watched.identity) ? pod.identity : watched.identity;
    // An ended pod keeps its addresses in its status, and another pod may have them by now.
    Object.assign(pod, watched, { identity }, watched.ended && { addresses: [] });
    this.#pods.set(key, pod);
    for (const uid of pod.uids) addTo(this.#claims, uid, pod);
    for (const address of pod.addresses) addTo(this.#byAddress, address, pod);
  }

  removePod(key: string): void {
    this.#early.delete(key);
    const pod = this.#pods.get(key);
    if (pod === undefined) return;
    this.#pods.delete(key);
    this.#unindex(pod);
    const { podUid } = pod.identity;
    if (podUid !== undefined) this.#gone.set(podUid, pod);
    for (const oldest of this.#gone.keys()) {
      if (this.#gone.size <= MAX_GONE) break;
      this.#gone.delete(oldest);
    }
  }

  putNamespace(name: string, labels: Readonly<Record<string, string>>): void {
    this.#namespaces.set(name, labels);
    for (const [key, watched] of this.#early) {
      if (watched.namespace !== name) continue;
      this.#early.delete(key);
      this.putPod(key, watched);
    }
  }

  /** Its pods went before it. */
  removeNamespace(name: string): void {
    this.#namespaces.delete(name);
  }

  hasPod(uid: string): boolean {
    return this.#podOf(uid) !== undefined;
  }

  podNamed({ podUid }: Identity): InventoryPod | undefined {
    return podUid === undefined ? undefined : this.#podOf(podUid);
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return namespaceLabelsWithName(namespace, this.#namespaces.get(namespace));
  }

  podOf(path: string): InventoryPod | undefined {
    const { podUid } = parseCgroupPath(path);
    const pod = podUid === undefined ? undefined : this.#podOf(podUid);
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

  #podOf(uid: string): LivePod | undefined {
    const claims = this.#claims.get(uid);
    if (claims === undefined) return this.#gone.get(uid);
    const [pod] = claims;
    return claims.size === 1 ? pod : undefined;
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
    for (const uid of pod.uids) removeFrom(this.#claims, uid, pod);
    for (const address of pod.addresses) removeFrom(this.#byAddress, address, pod);
  }
}

function addTo(index: Map<string, Set<LivePod>>, key: string, pod: LivePod): void {
  const known = index.get(key);
  if (known === undefined) index.set(key, new Set([pod]));
  else known.add(pod);
}

function removeFrom(index: Map<string, Set<LivePod>>, key: string, pod: LivePod): void {
  const known = index.get(key);
  known?.delete(pod);
  if (known?.size === 0) index.delete(key);
}

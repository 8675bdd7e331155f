import { isLoopback } from '../lib/address-type.ts';
import type { AddressOwners, CgroupOwner, NetnsOwner } from './owners.ts';

/** A local end as the kernel named it: the evidence that a network namespace belongs to a pod. */
export interface Evidence {
  readonly cgroup: CgroupOwner;
  /** Unique per boot. */
  readonly netCookie: number;
  readonly address: string;
  readonly startMicros: number;
}

const UNKNOWN_NETNS: NetnsOwner = { is: 'unknown' };
const HOST_NETNS: NetnsOwner = { is: 'host' };
const DEFAULT_CAPACITY = 4096;

/**
 * Which network namespace belongs to which pod, learned from the pods themselves: a process in a pod's cgroup that uses
 * one of the pod's own addresses is in the pod's namespace, since no other has that address. Two pods that say so of one
 * namespace contradict each other, and it is nobody's from then on.
 */
export class NetnsOwners {
  readonly #owners = new Map<number, NetnsOwner>();
  readonly #contradicted = new Set<number>();
  readonly #capacity: number;
  #forgotten = 0;
  #refused = 0;

  constructor(capacity: number = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  /** How many namespaces were forgotten to make room, the oldest first. A forgotten one can be learned again. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** How often nothing was learned, because there was no more room to remember contradictions. */
  get refused(): number {
    return this.#refused;
  }

  get contradictions(): number {
    return this.#contradicted.size;
  }

  ownerOf(netCookie: number): NetnsOwner {
    return this.#owners.get(netCookie) ?? UNKNOWN_NETNS;
  }

  /** Learns from a local end, if it proves anything; asks `owners` only where the namespace is not known already. */
  learn({ cgroup, netCookie, address, startMicros }: Evidence, owners: AddressOwners): void {
    if (cgroup.is !== 'pod' || this.#contradicted.has(netCookie)) return;
    const { pod } = cgroup;
    if (isLoopback(address) || !pod.addresses.includes(address)) return;
    const known = this.#owners.get(netCookie);
    if (known !== undefined && isOwner(known, cgroup)) return;
    // An address of two owners is in two namespaces: which of them this is, it does not say.
    const answer = owners.ownerAt(address, startMicros);
    if (answer.is !== 'owned' || (!pod.hostNetwork && answer.identity !== pod.identity)) return;
    if (known !== undefined) this.#contradict(netCookie);
    else this.#remember(netCookie, pod.hostNetwork ? HOST_NETNS : { is: 'pod', pod });
  }

  #contradict(netCookie: number): void {
    this.#owners.delete(netCookie);
    this.#contradicted.add(netCookie);
  }

  #remember(netCookie: number, owner: NetnsOwner): void {
    // A contradiction must not be forgotten: what is learned after it would be half of the truth.
    if (this.#contradicted.size >= this.#capacity) {
      this.#refused++;
      return;
    }
    const oldest = this.#owners.size < this.#capacity ? undefined : this.#owners.keys().next().value;
    if (oldest !== undefined) {
      this.#owners.delete(oldest);
      this.#forgotten++;
    }
    this.#owners.set(netCookie, owner);
  }
}

function isOwner(owner: NetnsOwner, { pod }: Extract<CgroupOwner, { is: 'pod' }>): boolean {
  return owner.is === 'pod' ? owner.pod === pod : pod.hostNetwork;
}

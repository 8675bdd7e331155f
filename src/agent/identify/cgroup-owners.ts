/** Whose process a socket belongs to, by the cgroup id that the kernel recorded. */
import { PodUidIdentities } from '../../attribution/identities.ts';
import type { CgroupOwner } from '../../attribution/owners.ts';
import type { CgroupTree } from './cgroup-tree.ts';
import { parseCgroupPath } from './container.ts';
import type { Inventory } from './inventory.ts';
import type { InventoryPod } from './inventory-pod.ts';
import type { ProcessCgroups, ProcessKey } from './process-cgroup.ts';

export interface ResolvedCgroup {
  readonly cgroup: CgroupOwner;
  /** 64 hex digits; undefined outside of containers. */
  readonly containerId: string | undefined;
  readonly pod: InventoryPod | undefined;
}

const MAX_CACHED = 16_384;
const GONE: ResolvedCgroup = {
  cgroup: { is: 'unknown', reason: 'cgroupGone' },
  containerId: undefined,
  pod: undefined,
};

/** Answers are kept that cannot change: a cgroup id is unique per boot and never moves to another path. */
export class CgroupOwners {
  readonly #tree: CgroupTree;
  readonly #inventory: Inventory;
  readonly #processes: ProcessCgroups | undefined;
  readonly #uids = new PodUidIdentities();
  readonly #known = new Map<number, ResolvedCgroup>();

  /** `processes`: given where containers may live on cgroup v1 only, and a socket's cgroup may be the root. */
  constructor(tree: CgroupTree, inventory: Inventory, processes: ProcessCgroups | undefined) {
    this.#tree = tree;
    this.#inventory = inventory;
    this.#processes = processes;
  }

  /** `process`: who held the socket, where that is known. */
  ownerOf(cgroupId: number, process?: ProcessKey): ResolvedCgroup {
    const known = this.#known.get(cgroupId) ?? this.#resolve(cgroupId);
    const atRoot = known.cgroup.is === 'host' && known.containerId === undefined;
    if (!atRoot || this.#processes === undefined || process === undefined || process.pid === 0) return known;
    return this.#byProcess(known, this.#processes, process);
  }

  #resolve(cgroupId: number): ResolvedCgroup {
    const path = this.#tree.find(cgroupId);
    // Not kept: the next rescan may know it.
    if (path === undefined) return GONE;
    const resolved: ResolvedCgroup = {
      cgroup: this.#inventory.ownerOf(path, this.#uids),
      containerId: parseCgroupPath(path).containerId,
      pod: this.#inventory.podOf(path),
    };
    // Nor is a pod that may be listed yet.
    if (resolved.cgroup.is === 'unlistedPod' && this.#inventory.grows) return resolved;
    if (this.#known.size >= MAX_CACHED) this.#known.clear();
    this.#known.set(cgroupId, resolved);
    return resolved;
  }

  #byProcess(known: ResolvedCgroup, processes: ProcessCgroups, process: ProcessKey): ResolvedCgroup {
    const found = processes.of(process);
    if (found?.containerId === undefined) return known;
    const owner: CgroupOwner =
      found.podUid === undefined
        ? known.cgroup
        : { is: 'unlistedPod', identity: this.#uids.of(found.podUid), foreign: false };
    return { ...known, cgroup: owner, containerId: found.containerId };
  }
}

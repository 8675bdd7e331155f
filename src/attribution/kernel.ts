import { HOST } from './identities.ts';
import type { CgroupOwner, NetnsOwner } from './owners.ts';
import { REASON, type SideAttribution, side } from './side.ts';

/** What the kernel says of one end: the cgroup decides whose process it is, the network namespace whose address. */
export interface KernelEnd {
  readonly cgroup: CgroupOwner;
  readonly netns: NetnsOwner;
}

export type KnownCgroup = Exclude<CgroupOwner, { is: 'unknown' }>;

/** The side by its process alone. */
export function sideOfProcess(cgroup: KnownCgroup): SideAttribution {
  if (cgroup.is === 'host') return side(HOST, 'Exact');
  if (cgroup.is === 'pod') return side(cgroup.pod.identity, 'Exact');
  return side(cgroup.identity, 'Exact', REASON.podNotInInventory);
}

/**
 * The side by whose network namespace it is in; undefined when that is not known, or not enough. `address` is the end's
 * own one; undefined for the other half of a connection, of which only a translated address may be known.
 */
export function sideOfNetns({ cgroup, netns }: KernelEnd, address: string | undefined): SideAttribution | undefined {
  if (netns.is === 'pod') {
    const { identity } = netns.pod;
    if (cgroup.is === 'unknown') return side(identity, 'Exact', cgroup.reason);
    if (cgroup.is === 'pod' && cgroup.pod === netns.pod) return side(identity, 'Exact');
    return side(identity, 'Exact', REASON.foreignProcess, sideOfProcess(cgroup).identity);
  }
  if (netns.is === 'unknown' || cgroup.is === 'unknown') return undefined;
  const entered = cgroup.is === 'pod' && hasOwnNetns(cgroup) && !uses(cgroup, address);
  return entered ? side(HOST, 'Exact', REASON.foreignProcess, cgroup.pod.identity) : sideOfProcess(cgroup);
}

/** Whether the process' pod surely has a network namespace of its own: a pod without known addresses may not. */
export function hasOwnNetns(cgroup: CgroupOwner): boolean {
  return cgroup.is === 'pod' && !cgroup.pod.hostNetwork && cgroup.pod.addresses.length > 0;
}

/** Whether the address is one that the process' pod lists as its own. */
export function uses(cgroup: CgroupOwner, address: string | undefined): boolean {
  return cgroup.is === 'pod' && address !== undefined && cgroup.pod.addresses.includes(address);
}

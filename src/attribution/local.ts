import { isLoopback } from '../lib/address-type.ts';
import type { Identity } from '../record/flow.ts';
import { HOST } from './identities.ts';
import { hasOwnNetns, type KernelEnd, type KnownCgroup, sideOfNetns, sideOfProcess, uses } from './kernel.ts';
import type { AddressAnswer, AddressOwners } from './owners.ts';
import { ambiguousSide, REASON, type SideAttribution, side, unknownSide } from './side.ts';

/** The end that was measured here. */
export interface LocalEnd extends KernelEnd {
  /** Its own address in canonical text. */
  readonly address: string;
  /** The flow's start, microseconds since the epoch. */
  readonly startMicros: number;
}

/** What is known beside the kernel's word. */
export interface Known {
  readonly owners: AddressOwners;
  /** Whether this machine itself, outside of every pod, has this address. */
  isOwnAddress(address: string): boolean;
}

/**
 * Names the local side. Where the network namespace's owner is known, the kernel alone decides; else the process does,
 * unless its address speaks against it. Two sources that contradict each other name nobody.
 */
export function attributeLocal(end: LocalEnd, known: Known): SideAttribution {
  const { cgroup, address, startMicros } = end;
  const byNetns = sideOfNetns(end, address);
  if (byNetns !== undefined) {
    if (byNetns.reason !== REASON.foreignProcess || isLoopback(address)) return byNetns;
    return unlessContradicted(byNetns, known.owners.ownerAt(address, startMicros));
  }
  if (cgroup.is === 'unknown') return unknownSide(cgroup.reason);
  if (isLoopback(address) || uses(cgroup, address)) return sideOfProcess(cgroup);
  return byAddress(cgroup, known.owners.ownerAt(address, startMicros), known.isOwnAddress(address));
}

/** A foreign process may use an address that is not even the namespace's (a transparent proxy): then nobody is named. */
function unlessContradicted(named: SideAttribution, answer: AddressAnswer): SideAttribution {
  const owners = podsOf(answer);
  if (owners.length === 0 || owners.includes(named.identity)) return named;
  return ambiguousSide([named.identity, ...owners]);
}

function byAddress(cgroup: KnownCgroup, answer: AddressAnswer, own: boolean): SideAttribution {
  const process = sideOfProcess(cgroup);
  if (answer.is === 'ambiguous') return ambiguousSide([...new Set([process.identity, ...answer.candidates])]);
  const owner = answer.is === 'owned' ? answer.identity : undefined;
  if (owner?.kind === 'Pod') {
    // The process may as well be at home here: on a node's own address, or in a pod whose addresses are not known.
    const mayBeHome = own || (!hasOwnNetns(cgroup) && cgroup.is !== 'host' && !isHostNetwork(cgroup));
    if (mayBeHome) return ambiguousSide([process.identity, owner]);
    return side(owner, 'Timeline', REASON.foreignProcess, process.identity);
  }
  if (!hasOwnNetns(cgroup)) return process;
  if (own) return side(HOST, 'Timeline', REASON.foreignProcess, process.identity);
  if (owner !== undefined) return side(owner, 'Timeline', REASON.foreignProcess, process.identity);
  return unknownSide(REASON.addressNotListed, process.identity);
}

function isHostNetwork(cgroup: KnownCgroup): boolean {
  return cgroup.is === 'pod' && cgroup.pod.hostNetwork;
}

function podsOf(answer: AddressAnswer): Identity[] {
  if (answer.is === 'ambiguous') return answer.candidates.filter(({ kind }) => kind === 'Pod');
  return answer.is === 'owned' && answer.identity.kind === 'Pod' ? [answer.identity] : [];
}

import type { Identity } from '../record/flow.ts';

/** The vocabulary of attribution: who may own a process, a network namespace, an address. */

/** A pod as attribution sees it. One object a pod: pods are compared by it. */
export interface PodOwner {
  readonly identity: Identity;
  /** Its processes use the node's network namespace and addresses. */
  readonly hostNetwork: boolean;
  /** Its status.podIPs in canonical text; empty when they are not known. A hostNetwork pod's are the node's. */
  readonly addresses: readonly string[];
}

/** Whose process holds the socket, by the cgroup that the kernel named. */
export type CgroupOwner =
  | { readonly is: 'pod'; readonly pod: PodOwner }
  /** A pod by the path of its cgroup, of which nothing but the uid is known. Foreign: of another node on the same kernel. */
  | { readonly is: 'unlistedPod'; readonly identity: Identity; readonly foreign: boolean }
  | { readonly is: 'host' }
  /** `reason`, such as `cgroupGone`, goes into the record. */
  | { readonly is: 'unknown'; readonly reason: string };

/** Whose addresses are in the socket's network namespace, as far as that was learned. */
export type NetnsOwner =
  | { readonly is: 'pod'; readonly pod: PodOwner }
  /** The namespace of a node itself, which its hostNetwork pods share. */
  | { readonly is: 'host' }
  | { readonly is: 'unknown' };

/** Who owned an address at an instant. `reason` goes into the record. */
export type AddressAnswer =
  | { readonly is: 'owned'; readonly identity: Identity; readonly reason: string | undefined }
  | { readonly is: 'ambiguous'; readonly candidates: readonly Identity[] }
  /** There may be an owner, but the source cannot say now. */
  | { readonly is: 'unknown'; readonly reason: string }
  /** The source is sure that it knows no owner. */
  | { readonly is: 'none'; readonly reason: string };

export interface AddressOwners {
  /** `address` in canonical text, `startMicros` the flow's start in microseconds since the epoch. */
  ownerAt(address: string, startMicros: number): AddressAnswer;
}

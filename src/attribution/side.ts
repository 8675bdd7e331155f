import type { Attribution, Identity } from '../record/flow.ts';
import { describeIdentity, UNKNOWN } from './identities.ts';

/** Who one side of a flow was, and how that is known. */
export interface SideAttribution {
  readonly identity: Identity;
  readonly attribution: Attribution;
  readonly reason: string | undefined;
  /** The process' owner, where it is not the owner of the address. */
  readonly proxy: Identity | undefined;
}

/** Why a side is named as it is, beside the reasons of an AddressOwners and of an unknown cgroup. */
export const REASON = {
  /** A process of another owner uses this side's network namespace: port-forward, a mesh's proxy, a runtime's helper. */
  foreignProcess: 'foreignProcess',
  /** A pod's process used an address that is none of its status.podIPs, and nobody's that is listed. */
  addressNotListed: 'addressNotListed',
  /** Nothing but the uid of the pod is known. */
  podNotInInventory: 'podNotInInventory',
  /** A loopback address is the network namespace's own. */
  loopback: 'loopback',
  /** Only the pods of this node are watched: who had an address elsewhere, or earlier, is not known. */
  notWatched: 'notWatched',
  /** One of this machine's own addresses. */
  ownAddress: 'ownAddress',
} as const;

const SHOWN_CANDIDATES = 4;

export function side(identity: Identity, attribution: Attribution, reason?: string, proxy?: Identity): SideAttribution {
  return { identity, attribution, reason, proxy };
}

/** Nobody's name, with the reason, and whose process it was where at least that is known. */
export function unknownSide(reason: string, proxy?: Identity): SideAttribution {
  return side(UNKNOWN, 'Unknown', reason, proxy);
}

/** Nobody's name: it was one of these, and nothing says which. */
export function ambiguousSide(candidates: readonly Identity[]): SideAttribution {
  const names = candidates.slice(0, SHOWN_CANDIDATES).map(describeIdentity).join(' or ');
  const rest = candidates.length - SHOWN_CANDIDATES;
  return side(UNKNOWN, 'Ambiguous', rest > 0 ? `${names} or ${rest} more` : names);
}

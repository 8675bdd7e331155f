import { isLoopback } from '../lib/address-type.ts';
import { EXTERNAL, HOST } from './identities.ts';
import { type KernelEnd, sideOfNetns, sideOfProcess } from './kernel.ts';
import type { Known } from './local.ts';
import { ambiguousSide, REASON, type SideAttribution, side, unknownSide } from './side.ts';

/** The end that is elsewhere, and what the local end knows of it. */
export interface FarEnd {
  /** The other half's kernel identity, when both halves met in the kernel. */
  readonly joined: KernelEnd | undefined;
  /** Its address in canonical text, as the local socket has it: before any translation on the way. */
  readonly address: string;
  /** The flow's start, microseconds since the epoch. */
  readonly startMicros: number;
  /** The local end: a loopback address never leaves its network namespace. */
  readonly local: KernelEnd;
}

/**
 * Names the far side: by its own half where the kernel joined the two, whatever address the local socket saw, else by who
 * owned the address when the flow started. What nobody is known to own is External, attribution Unknown.
 */
export function attributeFar({ joined, address, startMicros, local }: FarEnd, known: Known): SideAttribution {
  const byKernel = joined === undefined ? undefined : byJoin(joined);
  if (byKernel !== undefined) return byKernel;
  if (isLoopback(address)) return byLoopback(local);
  const answer = known.owners.ownerAt(address, startMicros);
  const own = known.isOwnAddress(address);
  if (answer.is === 'ambiguous') return ambiguousSide(own ? [HOST, ...answer.candidates] : answer.candidates);
  if (own && answer.is === 'owned' && answer.identity.kind === 'Pod') return ambiguousSide([HOST, answer.identity]);
  if (own) return side(HOST, 'Timeline', REASON.ownAddress);
  if (answer.is === 'owned') return side(answer.identity, 'Timeline', answer.reason);
  return answer.is === 'unknown' ? unknownSide(answer.reason) : side(EXTERNAL, 'Unknown', answer.reason);
}

/** `flow.scope`: Local when both ends are in one network namespace, Node when only the kernel is the same. */
export function scopeOf(netCookie: number, farNetCookie: number | undefined): 'Local' | 'Node' | undefined {
  if (farNetCookie === undefined) return undefined;
  return netCookie === farNetCookie ? 'Local' : 'Node';
}

function byJoin(joined: KernelEnd): SideAttribution | undefined {
  const byNetns = sideOfNetns(joined, undefined);
  if (byNetns !== undefined) return byNetns;
  return joined.cgroup.is === 'unknown' ? undefined : sideOfProcess(joined.cgroup);
}

/** Whose network namespace the local end is in; a pod of which that is not sure has loopback addresses of somebody. */
function byLoopback({ cgroup, netns }: KernelEnd): SideAttribution {
  if (netns.is === 'pod') return side(netns.pod.identity, 'Exact', REASON.loopback);
  const host = netns.is === 'host' || cgroup.is === 'host' || (cgroup.is === 'pod' && cgroup.pod.hostNetwork);
  return host ? side(HOST, 'Exact', REASON.loopback) : unknownSide(REASON.loopback);
}

import { identity } from '../../../src/attribution/identities.ts';
import type { Known } from '../../../src/attribution/local.ts';
import type { CgroupOwner, NetnsOwner } from '../../../src/attribution/owners.ts';
import { StaticOwners, type StaticPod } from '../../../src/attribution/static-owners.ts';

/** The shortest way to write the pods, nodes and addresses that attribution tests are about. */

export const NODE_ADDRESS = '192.0.2.1';
export const OWN_ADDRESS = '192.0.2.9';
export const HOST_PROCESS: CgroupOwner = { is: 'host' };
export const GONE: CgroupOwner = { is: 'unknown', reason: 'cgroupGone' };
export const NETNS_UNKNOWN: NetnsOwner = { is: 'unknown' };
export const NETNS_HOST: NetnsOwner = { is: 'host' };

export function pod(podName: string, addresses: readonly string[], more: Partial<StaticPod> = {}): StaticPod {
  const named = identity({ kind: 'Pod', namespace: 'shop', podName, podUid: `uid-${podName}`, nodeName: 'node-1' });
  return { identity: named, hostNetwork: false, addresses, nodeAddresses: [], ...more };
}

export function processOf(owner: StaticPod): CgroupOwner {
  return { is: 'pod', pod: owner };
}

export function netnsOf(owner: StaticPod): NetnsOwner {
  return { is: 'pod', pod: owner };
}

export function knownFrom(pods: readonly StaticPod[]): Known {
  return { owners: new StaticOwners(pods), isOwnAddress: (address) => address === OWN_ADDRESS };
}

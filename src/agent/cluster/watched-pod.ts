import type { KubeObject } from '../../kube/object.ts';
import { canonicalAddress } from '../../lib/address-type.ts';
import type { PodObject } from '../identify/inventory-schema.ts';
import type { WatchedPod } from '../identify/live-inventory.ts';
import { podFacts } from '../identify/pod-facts.ts';

/** A v1 Pod as the API server sends it. */
export type ClusterPodObject = KubeObject<PodObject['spec'], PodObject['status']>;

/** What is kept of a pod. An address that is none is left out: nobody has it. */
export function reduceWatchedPod({ metadata, spec, status = {} }: ClusterPodObject): WatchedPod {
  const object: PodObject = { metadata, ...(spec !== undefined && { spec }), status };
  return {
    ...podFacts(object, metadata.namespace ?? ''),
    addresses: canonical([status.podIP, ...(status.podIPs ?? []).map(({ ip }) => ip)]),
    nodeAddresses: canonical([status.hostIP, ...(status.hostIPs ?? []).map(({ ip }) => ip)]),
  };
}

function canonical(texts: readonly (string | undefined)[]): string[] {
  return [...new Set(texts.flatMap((text) => (text === undefined ? [] : (canonicalAddress(text) ?? []))))];
}

import assert from 'node:assert/strict';
import { buildInventory, type StaticInventory } from '../../src/agent/identify/inventory.ts';
import { INVENTORY_KINDS } from '../../src/agent/identify/inventory-schema.ts';
import { parseManifest } from '../../src/api/manifest/manifest.ts';
import { type Lab } from './lab/lab.ts';
import { type Pod, podIdentity } from './lab/pod.ts';

/** The namespace of every pod and capture of a test. */
export const NAMESPACE = 'lab';

/** A pod as the inventory lists it. */
export interface ListedPod {
  readonly name: string;
  readonly uid: string;
  /** Relative to the cgroup v2 mount. */
  readonly podCgroup: string;
  /** Its status.podIPs. */
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
}

/** A pod of a lab, by default with its own addresses and the label `app`. */
export function listed(pod: Pod, changes: Partial<ListedPod> = {}): ListedPod {
  return {
    name: pod.name,
    uid: pod.uid,
    podCgroup: pod.podCgroup,
    addresses: changes.addresses ?? [pod.ipv4, pod.ipv6],
    labels: { app: pod.name },
    hostNetwork: false,
    ...changes,
  };
}

/** A pod that `lab.pod(name)` will make later: known to the inventory, not yet to the kernel. */
export function listedBefore(lab: Lab, name: string, addresses: readonly string[]): ListedPod {
  const { uid } = podIdentity(`${lab.cgroup}/${name}`);
  const podCgroup = `${lab.cgroup}/kubepods/burstable/pod${uid}`;
  return { name, uid, podCgroup, addresses, labels: { app: name }, hostNetwork: false };
}

/** What `weir capture --inventory` makes of these pods. */
export function inventoryOf(pods: readonly ListedPod[]): StaticInventory {
  if (pods.length === 0) return buildInventory([]).inventory;
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods.map(podObject) });
  const manifest = parseManifest(text, 'inventory.json', INVENTORY_KINDS);
  const { inventory, problems } = buildInventory(manifest.objects);
  assert.deepEqual([...manifest.problems, ...problems], []);
  assert.equal(inventory.pods.length, pods.length);
  return inventory;
}

function podObject({ name, uid, podCgroup, addresses, labels, hostNetwork }: ListedPod): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, uid, labels, annotations: { 'weir.dev/cgroup': `/${podCgroup}` } },
    spec: { hostNetwork },
    status: { phase: 'Running', podIPs: addresses.map((ip) => ({ ip })) },
  };
}

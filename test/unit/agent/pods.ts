import { buildInventory, type StaticInventory } from '../../../src/agent/identify/inventory.ts';
import { INVENTORY_KINDS } from '../../../src/agent/identify/inventory-schema.ts';
import type { WatchedPod } from '../../../src/agent/identify/live-inventory.ts';
import { parseManifest } from '../../../src/api/manifest/manifest.ts';
import { identity } from '../../../src/attribution/identities.ts';

export interface PodParts {
  readonly app?: string;
  readonly cgroup?: string;
  readonly uid?: string;
  readonly ip?: string;
  readonly namespace?: string;
  readonly phase?: string;
}

/** An inventory of pods by name; each has its name as label `app` unless told otherwise, and lives in namespace shop. */
export function inventoryOf(pods: Readonly<Record<string, PodParts>>): StaticInventory {
  const items = Object.entries(pods).map(([name, parts]) => podObject(name, parts));
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const manifest = parseManifest(text, 'pods.json', INVENTORY_KINDS);
  const { inventory, problems } = buildInventory(manifest.objects);
  const [problem] = [...manifest.problems, ...problems];
  if (problem !== undefined) throw new Error(problem.message);
  return inventory;
}

function podObject(name: string, { app = name, cgroup, uid, ip, namespace = 'shop', phase }: PodParts): object {
  const annotations = cgroup === undefined ? undefined : { 'weir.dev/cgroup': cgroup };
  const status = { phase, ...(ip !== undefined && { podIPs: [{ ip }] }) };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app }, uid, annotations }, status };
}

export const SOME_UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
export const OTHER_UID = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';

/** A pod of namespace shop on node n1 as a watch brings it, named after its label `app`. */
export function watchedPod(app: string, uid: string, parts: Partial<WatchedPod> = {}): WatchedPod {
  return {
    namespace: 'shop',
    name: app,
    labels: { app },
    uids: [uid],
    ended: false,
    hostNetwork: false,
    addresses: [],
    nodeAddresses: [],
    identity: identity({ kind: 'Pod', namespace: 'shop', podName: app, podUid: uid, nodeName: 'n1' }),
    ...parts,
  };
}

import { buildInventory, type StaticInventory } from '../../src/agent/identify/inventory.ts';
import { CGROUP_ANNOTATION } from '../../src/agent/identify/inventory-pod.ts';
import { INVENTORY_KINDS } from '../../src/agent/identify/inventory-schema.ts';
import { parseManifest } from '../../src/api/manifest/manifest.ts';

/** What the benches say of a pod; all pods are of one Deployment a label `app`. */
export interface BenchPod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly node: string;
  /** Path below the cgroup2 mount; undefined: found by the uid in the path. */
  readonly cgroup?: string;
}

const TEMPLATE_HASH = '6d9f7c5b84';

/** The text of an inventory with these pods. */
export function inventoryText(pods: readonly BenchPod[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods.map(podObject) });
}

/** Throws when the text is no inventory: a fault of the bench. */
export function readInventory(text: string): StaticInventory {
  const { objects, problems } = parseManifest(text, 'bench', INVENTORY_KINDS);
  const built = buildInventory(objects);
  const [problem] = [...problems, ...built.problems];
  if (problem !== undefined) throw new Error(`the bench's inventory is wrong: ${problem.path} ${problem.message}`);
  return built.inventory;
}

function podObject({ name, namespace, uid, labels, addresses, node, cgroup }: BenchPod): object {
  const [podIP] = addresses;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid,
      labels: { ...labels, 'pod-template-hash': TEMPLATE_HASH },
      ...(cgroup !== undefined && { annotations: { [CGROUP_ANNOTATION]: cgroup } }),
      ownerReferences: [{ kind: 'ReplicaSet', name: `${labels['app'] ?? name}-${TEMPLATE_HASH}`, controller: true }],
    },
    spec: { nodeName: node },
    status: { phase: 'Running', ...(podIP !== undefined && { podIP, podIPs: addresses.map((ip) => ({ ip })) }) },
  };
}

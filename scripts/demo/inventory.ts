import { stringify } from 'yaml';
import { CGROUP_ANNOTATION } from '../../src/agent/identify/inventory-pod.ts';
import { type Pod, podIdentity } from '../../test/support/lab/pod.ts';
import { WORKLOAD_NAMES, WORKLOADS, type Workload, type WorkloadName } from './workloads.ts';

/** Name of the one node that the demo has. */
const NODE = 'demo-node';

/** The file for `weir capture --inventory`: the Namespace and Pod objects that a cluster would hold, as YAML documents. */
export function inventoryOf(pods: Readonly<Record<WorkloadName, Pod>>): string {
  const namespaces = new Set(WORKLOAD_NAMES.map((name) => WORKLOADS[name].namespace));
  const objects = [
    ...Array.from(namespaces, (name) => namespaceObject(name)),
    ...WORKLOAD_NAMES.map((name) => podObject(WORKLOADS[name], pods[name])),
  ];
  return objects.map((object) => stringify(object)).join('---\n');
}

export function podName({ app, templateHash, suffix }: Workload): string {
  return `${app}-${templateHash}-${suffix}`;
}

function namespaceObject(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, uid: podIdentity(`namespace/${name}`).uid, labels: { 'kubernetes.io/metadata.name': name } },
  };
}

function podObject(workload: Workload, pod: Pod): object {
  const replicaSet = `${workload.app}-${workload.templateHash}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(workload),
      namespace: workload.namespace,
      uid: pod.uid,
      labels: { app: workload.app, 'pod-template-hash': workload.templateHash },
      annotations: { [CGROUP_ANNOTATION]: `/${pod.podCgroup}` },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: replicaSet,
          uid: podIdentity(`replicaset/${replicaSet}`).uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { nodeName: NODE },
    status: { phase: 'Running', podIP: pod.ipv4, podIPs: [{ ip: pod.ipv4 }, { ip: pod.ipv6 }] },
  };
}

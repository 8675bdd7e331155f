import type { Api, KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { OPERATOR_NAMESPACE } from './world.ts';

export type Component = 'operator' | 'agent';

/** A pod of an installed Weir. */
export interface InstalledPod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

/** The pods of a component, those that end included. */
export async function installedPods(api: Api, component: Component): Promise<readonly InstalledPod[]> {
  const all = await api.list<InstalledPod>(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`);
  return all.filter(({ metadata: { labels = {} } }) => labels['app.kubernetes.io/component'] === component);
}

export async function readyPods(api: Api, component: Component): Promise<readonly InstalledPod[]> {
  const pods = await installedPods(api, component);
  return pods.filter(({ status: { conditions = [] } }) =>
    conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
}

/**
 * Runs a shell script in the container of a pod of Weir; resolves with what it wrote to standard output.
 *
 * @param argument the script's `$0`
 * @throws Error with what it said, when it fails
 */
export function runInPod(cluster: Cluster, pod: InstalledPod, script: string, argument: string): Promise<string> {
  const command = ['sh', '-c', script, argument];
  return kubectl(cluster, ['exec', '-n', OPERATOR_NAMESPACE, pod.metadata.name, '--', ...command]);
}

import type { Api, KubeObject } from './api.ts';

/** A node as the API has it. */
export interface NodeObject extends KubeObject {
  readonly spec: { readonly unschedulable?: boolean; readonly taints?: readonly { readonly effect: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** The nodes that agents run on, by name: every Linux node that is Ready, tainted ones too. */
export async function linuxNodes(api: Api): Promise<readonly NodeObject[]> {
  const nodes = await api.list<NodeObject>('/api/v1/nodes?labelSelector=kubernetes.io/os=linux');
  return nodes.filter(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  );
}

/** Names of the nodes that take any pod. */
export async function roomyNodes(api: Api): Promise<readonly string[]> {
  const nodes = await linuxNodes(api);
  return nodes.filter(takesPods).map(({ metadata }) => metadata.name);
}

function takesPods({ spec: { unschedulable = false, taints = [] } }: NodeObject): boolean {
  return !unschedulable && taints.every(({ effect }) => effect === 'PreferNoSchedule');
}

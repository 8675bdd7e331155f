import { AGENT_POD_LABELS } from '../../../src/api/names.ts';
import type { KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { eventually } from '../cluster/eventually.ts';
import { type Helm, succeed } from '../cluster/helm.ts';
import { OPERATOR_NAMESPACE, World } from './world.ts';

export const CHART = 'charts/weir';
const RELEASE = ['weir', CHART, '--namespace', OPERATOR_NAMESPACE];

export interface AgentPod {
  readonly name: string;
  readonly node: string;
}

/** Installs the chart into a namespace that takes what its pods need, as docs/getting-started.md does. */
export async function installChart(cluster: Cluster, helm: Helm, ...args: readonly string[]): Promise<World> {
  const world = World.of(cluster);
  await world.namespace(OPERATOR_NAMESPACE, { 'pod-security.kubernetes.io/enforce': 'privileged' });
  await succeed(helm('install', ...RELEASE, ...args));
  return world;
}

/** Brings the release to another state of the chart, or of its values: those that are not given are the chart's. */
export function upgradeChart(helm: Helm, chart = CHART, ...args: readonly string[]): Promise<string> {
  return succeed(helm('upgrade', 'weir', chart, '--namespace', OPERATOR_NAMESPACE, '--reset-values', ...args));
}

/** A Ready Linux node on which the scheduler finds room. */
export async function roomyNode(world: World, name: string): Promise<void> {
  await world.node(name, { labels: { 'kubernetes.io/os': 'linux' }, agent: false });
  const room = { cpu: '4', memory: '8Gi', pods: '20' };
  await world.api.patchStatus(`/api/v1/nodes/${name}`, { capacity: room, allocatable: room });
}

/** Resolves with the DaemonSet's pods once each of these nodes has one. No kubelet runs them: none is Ready. */
export async function agentPods(world: World, nodes: readonly string[]): Promise<readonly AgentPod[]> {
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`;
  return eventually(
    async () => {
      const pods = await world.api.list<KubeObject & { readonly spec: { readonly nodeName?: string } }>(path);
      const found = pods
        .filter(({ metadata: { labels = {} } }) =>
          Object.entries(AGENT_POD_LABELS).every(([label, value]) => labels[label] === value),
        )
        .map(({ metadata: { name }, spec: { nodeName: node = '' } }) => ({ name, node }))
        .toSorted((a, b) => a.node.localeCompare(b.node));
      const places = found.map(({ node }) => node);
      if (places.join() !== nodes.join()) throw new Error(`they are on ${places.join()}`);
      return found;
    },
    { what: `there is an agent's pod on each of ${nodes.join(', ')}`, timeoutMillis: 30_000 },
  );
}

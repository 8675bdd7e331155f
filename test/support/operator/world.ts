import { AGENT_POD_LABELS } from '../../../src/api/names.ts';
import type { FlowAgent, FlowCapture, FlowExport } from '../../../src/api/types.generated.ts';
import { Api, type KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectl } from '../cluster/kubectl.ts';

export const OPERATOR_NAMESPACE = 'weir-system';
export const OPERATOR = { namespace: OPERATOR_NAMESPACE, name: 'weir-operator' };
export const AGENT = { namespace: OPERATOR_NAMESPACE, name: 'weir-agent' };

const WEIR = '/apis/weir.dev/v1alpha1';
type Labels = Readonly<Record<string, string>>;
type Spec<Kind extends { readonly spec: object }> = Partial<Kind['spec']>;
type Capture = FlowCapture & { readonly metadata: { readonly uid: string; readonly generation: number } };

/**
 * What a cluster holds, as a test says it: nodes and pods are plain objects that no kubelet runs. Everything can be said
 * twice: who does not know whether an API server that went away had heard says it again.
 */
export class World {
  readonly api: Api;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.api = new Api(cluster.kubeconfig);
  }

  /** Installs crds/ and config/rbac, as docs/getting-started.md does. */
  static async install(cluster: Cluster): Promise<World> {
    await kubectl(cluster, ['apply', '-f', 'crds/']);
    const crds = ['flowcaptures', 'flowexports', 'flowagents'].map((plural) => `crd/${plural}.weir.dev`);
    await kubectl(cluster, ['wait', '--for=condition=Established', ...crds, '--timeout=20s']);
    await kubectl(cluster, ['apply', '-f', 'config/rbac/namespace.yaml']);
    await kubectl(cluster, ['apply', '-f', 'config/rbac/']);
    return new World(cluster);
  }

  /** Of a cluster into which something else has installed Weir. */
  static of(cluster: Cluster): World {
    return new World(cluster);
  }

  async namespace(name: string, labels: Labels = {}): Promise<void> {
    await this.api.apply(`/api/v1/namespaces/${name}`, object('v1', 'Namespace', { name, labels }));
  }

  /** A Ready node, with the pod of an agent on it unless told otherwise. */
  async node(name: string, { labels = {}, agent = true }: { labels?: Labels; agent?: boolean } = {}): Promise<void> {
    await this.api.apply(`/api/v1/nodes/${name}`, object('v1', 'Node', { name, labels }));
    await this.nodeReady(name, true);
    if (agent) await this.pod(`${OPERATOR_NAMESPACE}/weir-agent-${name}`, name, AGENT_POD_LABELS);
  }

  async nodeReady(name: string, ready: boolean): Promise<void> {
    await this.api.patchStatus(`/api/v1/nodes/${name}`, { conditions: [condition('Ready', ready)] });
  }

  /** A pod that runs on a node and is Ready. */
  async pod(key: string, node: string, labels: Labels = {}): Promise<void> {
    await this.unreadyPod(key, node, labels);
    await this.podStatus(key, { phase: 'Running', conditions: [condition('Ready', true)] });
  }

  /** A pod that is bound to a node, and of which no kubelet has said anything yet. */
  async unreadyPod(key: string, node: string, labels: Labels = {}): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const containers = [{ name: 'main', image: 'registry.example/app:1' }];
    const spec = { nodeName: node, containers, tolerations: [{ operator: 'Exists' }] };
    // Its labels may have been changed by labelPod since.
    const pod = { ...object('v1', 'Pod', { name, namespace, labels }), spec };
    await this.api.apply(podPath(key), pod, { force: true });
  }

  /** A pod that no scheduler has given a node. */
  async unboundPod(key: string, labels: Labels = {}): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const containers = [{ name: 'main', image: 'registry.example/app:1' }];
    // Of no scheduler that runs: only the test binds it.
    const spec = { containers, schedulerName: 'nobody', tolerations: [{ operator: 'Exists' }] };
    await this.api.apply(podPath(key), { ...object('v1', 'Pod', { name, namespace, labels }), spec });
  }

  async bindPod(key: string, node: string): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    await this.api.create(`${podPath(key)}/binding`, { ...object('v1', 'Binding', { name, namespace }), target });
  }

  async podStatus(key: string, status: object): Promise<void> {
    await this.api.patchStatus(podPath(key), status);
  }

  async labelPod(key: string, labels: Labels): Promise<void> {
    await this.api.patch(podPath(key), { metadata: { labels } });
  }

  async deletePod(key: string): Promise<void> {
    await this.api.delete(podPath(key), { gracePeriodSeconds: 0 });
  }

  async deleteNode(name: string): Promise<void> {
    await this.api.delete(`/api/v1/nodes/${name}`);
  }

  async capture(key: string, spec: Spec<FlowCapture> = {}): Promise<void> {
    await this.#write('flowcaptures', 'FlowCapture', key, spec);
  }

  async export(key: string, spec: Spec<FlowExport> & object): Promise<void> {
    await this.#write('flowexports', 'FlowExport', key, spec);
  }

  async deleteCapture(key: string): Promise<void> {
    await this.api.delete(weirPath('flowcaptures', key));
  }

  async deleteExport(key: string): Promise<void> {
    await this.api.delete(weirPath('flowexports', key));
  }

  getCapture(key: string): Promise<Capture> {
    return this.api.get(weirPath('flowcaptures', key));
  }

  getExport(key: string): Promise<FlowExport & KubeObject> {
    return this.api.get(weirPath('flowexports', key));
  }

  getAgent(node: string): Promise<FlowAgent & KubeObject> {
    return this.api.get(`${WEIR}/flowagents/${node}`);
  }

  agents(): Promise<readonly (FlowAgent & KubeObject)[]> {
    return this.api.list(`${WEIR}/flowagents`);
  }

  async #write(plural: string, kind: string, key: string, spec: object): Promise<void> {
    const [namespace = '', name = ''] = key.split('/');
    await this.api.apply(weirPath(plural, key), { ...object('weir.dev/v1alpha1', kind, { name, namespace }), spec });
  }

  /** Runs kubectl as admin; @throws Error when it fails. */
  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(this.#cluster, args);
  }
}

function object(apiVersion: string, kind: string, metadata: object): object {
  return { apiVersion, kind, metadata };
}

function condition(type: string, holds: boolean): object {
  return { type, status: holds ? 'True' : 'False', lastTransitionTime: '2026-11-25T12:00:00Z' };
}

function podPath(key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

function weirPath(plural: string, key: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `${WEIR}/namespaces/${namespace}/${plural}/${name}`;
}

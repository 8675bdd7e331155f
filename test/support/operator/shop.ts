import type { KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { eventually } from '../cluster/eventually.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { Workloads } from '../cluster/workload.ts';
import type { Installation } from './installation.ts';

const PORT = '8080';
/** Bytes that a client sends. */
export const REQUEST = 17;
/** Bytes that each server answers with: a client sees who has answered. */
export const ANSWERS = { 'server-1': 1_009, 'server-2': 2_003 };

interface Service extends KubeObject {
  readonly spec: { readonly clusterIP: string };
}

/**
 * Two namespaces on two nodes. `shop` has the Deployment `client`, a `bystander` and `server-1` on the first node, `server-2` on
 * the second, and a Service in front of both servers; `bank` has a `client` on the second.
 */
export class Shop {
  readonly workloads: Workloads;
  /** Name of the pod of the Deployment. */
  readonly client: string;
  /** Address of the Service. */
  readonly service: string;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, workloads: Workloads, client: string, service: string) {
    this.#cluster = cluster;
    this.workloads = workloads;
    this.client = client;
    this.service = service;
  }

  /** Resolves when the Service answers. */
  static async open(cluster: Cluster, weir: Installation): Promise<Shop> {
    const [first = '', second = ''] = cluster.nodeNames;
    const { api } = weir.world;
    for (const namespace of ['shop', 'bank']) await weir.namespace(namespace, { team: namespace });
    const [shop, bank] = [new Workloads(api, 'shop'), new Workloads(api, 'bank')];
    const idle = ['echo', '9'];
    const serve = (name: keyof typeof ANSWERS) => ['serve', PORT, `${ANSWERS[name]}`];
    const [client] = await Promise.all([
      shop.deploy({ name: 'client', node: first, args: idle, labels: { app: 'client' } }),
      shop.serve({ name: 'bystander', node: first, args: idle, labels: { app: 'bystander' } }),
      shop.serve({ name: 'server-1', node: first, args: serve('server-1'), labels: { app: 'server' } }),
      shop.serve({ name: 'server-2', node: second, args: serve('server-2'), labels: { app: 'server' } }),
      bank.serve({ name: 'client', node: second, args: idle, labels: { app: 'client' } }),
    ]);
    const { spec } = await api.create<Service>('/api/v1/namespaces/shop/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'server' },
      spec: { selector: { app: 'server' }, ports: [{ port: Number(PORT) }] },
    });
    const opened = new Shop(cluster, shop, client.metadata.name, spec.clusterIP);
    await eventually(() => opened.connect('shop', 'bystander', 1), { what: 'the Service is reached' });
    return opened;
  }

  /** Arguments of traffic.c for so many connections to the Service. */
  connecting(count: number): string[] {
    return ['connect', this.service, PORT, `${count}`, `${REQUEST}`];
  }

  /** Connections from a pod to the Service, one after another; resolves with how many each server has answered. */
  async connect(namespace: string, pod: string, count: number): Promise<Record<string, number>> {
    const command = ['/traffic', ...this.connecting(count)];
    const said = await kubectl(this.#cluster, ['exec', '-n', namespace, pod, '--', ...command]);
    const received = [...said.matchAll(/ received (\d+)$/gm)].map(([, bytes]) => Number(bytes));
    return Object.fromEntries(
      Object.entries(ANSWERS).map(([server, bytes]) => [server, received.filter((each) => each === bytes).length]),
    );
  }
}

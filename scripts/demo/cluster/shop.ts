import { Api, type KubeObject } from '../../../test/support/cluster/api.ts';
import type { Cluster } from '../../../test/support/cluster/cluster.ts';
import { eventually } from '../../../test/support/cluster/eventually.ts';
import { type WorkloadPod, Workloads } from '../../../test/support/cluster/workload.ts';
import type { World } from '../../../test/support/operator/world.ts';

/** A Service's port, and its servers' behind it. */
const [PORT, SERVER_PORT] = [80, 8080];
/** What a client sends on each connection, in bytes. */
export const REQUEST_BYTES = 17;
/** Prime numbers hide no multiple. */
export const CONNECTIONS = 23;
const UNSELECTED_CONNECTIONS = 5;
/** Enough to reach both servers all but certainly, so that it is seldom tried twice. */
const TRIES = 11;

/** The Deployments of one pod each behind the Service; by the size of its answer a client knows who gave it. */
export const SERVERS = {
  'payments-a': { node: 'node1', answerBytes: 1_009 },
  'payments-b': { node: 'node2', answerBytes: 2_003 },
} as const;
const SERVER_NAMES = ['payments-a', 'payments-b'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** What runs in the demo's cluster beside Weir. */
export interface Shop {
  /** Name of the client's pod, on node1. */
  readonly client: string;
  /** Name of each server's pod. */
  readonly servers: Readonly<Record<ServerName, string>>;
  /** The Service `payments`. */
  readonly service: Address;
  /** Pods of namespace back-office, which no capture selects. */
  readonly unselected: { readonly client: Address['address']; readonly server: Address };
}

interface Address {
  readonly address: string;
  readonly port: number;
}

/** One connection as the client's program told of it. */
export interface Connection {
  readonly port: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/**
 * Opens the shop: a client on node1, a server on each node, a Service in front of them; and two pods of another namespace that no
 * capture selects. Resolves when the client has reached both servers through the Service.
 */
export async function openShop(cluster: Cluster, world: World): Promise<Shop> {
  const api = new Api(cluster.kubeconfig);
  for (const namespace of ['shop', 'back-office']) await world.namespace(namespace);
  const [shop, office] = [new Workloads(api, 'shop'), new Workloads(api, 'back-office')];
  const server = (name: ServerName) => {
    const { node, answerBytes } = SERVERS[name];
    const args = ['serve', `${SERVER_PORT}`, `${answerBytes}`];
    return shop.deploy({ name, node, args, labels: { app: 'payments', instance: name } });
  };
  const idle = ['echo', '9'];
  const [client, first, second, reporting, archive] = await Promise.all([
    shop.deploy({ name: 'checkout', node: 'node1', args: idle, labels: { app: 'checkout' } }),
    server('payments-a'),
    server('payments-b'),
    office.serve({ name: 'reporting', node: 'node2', args: idle }),
    office.serve({ name: 'archive', node: 'node1', args: ['echo', `${SERVER_PORT}`] }),
  ]);
  const { spec } = await api.create<KubeObject & { readonly spec: { readonly clusterIP: string } }>(
    '/api/v1/namespaces/shop/services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'payments' },
      spec: { selector: { app: 'payments' }, ports: [{ port: PORT, targetPort: SERVER_PORT }] },
    },
  );
  const opened = {
    client: client.metadata.name,
    servers: { 'payments-a': first.metadata.name, 'payments-b': second.metadata.name },
    service: { address: spec.clusterIP, port: PORT },
    unselected: { client: addressOf(reporting), server: { address: addressOf(archive), port: SERVER_PORT } },
  };
  await eventually(async () => mustReachBoth(await visit(world, opened, TRIES)), { what: 'the Service is reached' });
  return opened;
}

/** The client's connections through the Service, one after another; resolves with what its program said of each. */
export function visit(world: World, { client, service }: Shop, count = CONNECTIONS): Promise<readonly Connection[]> {
  return connect(world, `shop/${client}`, service, count);
}

/** Connections between pods that are not selected; resolves with how many there were. */
export async function visitUnselected(world: World, { unselected }: Shop): Promise<number> {
  return (await connect(world, 'back-office/reporting', unselected.server, UNSELECTED_CONNECTIONS)).length;
}

/** Name of the server that has given an answer of this size. */
export function whoAnswered({ receivedBytes }: Connection): ServerName | undefined {
  return SERVER_NAMES.find((name) => SERVERS[name].answerBytes === receivedBytes);
}

function mustReachBoth(connections: readonly Connection[]): void {
  for (const name of SERVER_NAMES) {
    if (!connections.some((each) => whoAnswered(each) === name)) throw new Error(`${name} has not answered`);
  }
}

function addressOf({ metadata, status: { podIP } }: WorkloadPod): string {
  if (podIP === undefined) throw new Error(`${metadata.name} is ready and has no address`);
  return podIP;
}

async function connect(world: World, pod: string, to: Address, count: number): Promise<readonly Connection[]> {
  const [namespace = '', name = ''] = pod.split('/');
  const command = ['/traffic', 'connect', to.address, `${to.port}`, `${count}`, `${REQUEST_BYTES}`];
  const said = await world.kubectl('exec', '-n', namespace, name, '--', ...command);
  return [...said.matchAll(/^(\d+) sent (\d+) received (\d+)$/gm)].map(([, port, sent, received]) => ({
    port: Number(port),
    sentBytes: Number(sent),
    receivedBytes: Number(received),
  }));
}

/** The demo's workloads: what runs in the pods, as the objects that a cluster would hold for them. */

/** One pod: its place in the network, and the Deployment that it seems to belong to. */
export interface Workload {
  readonly namespace: string;
  /** The Deployment's name, and the pod's `app` label. */
  readonly app: string;
  /** Hash of the ReplicaSet, as a Deployment's controller adds it. */
  readonly templateHash: string;
  /** Last part of the pod's name. */
  readonly suffix: string;
  /** Subnet of the router that the pod is on. */
  readonly subnet: number;
}

/** Clients on one subnet, servers on another: a request between them passes the router. */
const CLIENTS = 11;
const SERVERS = 12;

const checkout = { namespace: 'shop', app: 'checkout', templateHash: '6d9f7c5b84' };

export const WORKLOADS = {
  checkoutOne: { ...checkout, suffix: 'x7k2p', subnet: CLIENTS },
  checkoutTwo: { ...checkout, suffix: 'm4vtq', subnet: CLIENTS },
  payments: { namespace: 'shop', app: 'payments', templateHash: '7f8c9d6b5d', suffix: 'h2n8w', subnet: SERVERS },
  reporting: {
    namespace: 'back-office',
    app: 'reporting',
    templateHash: '5c4b8f9d7c',
    suffix: 'z9r5j',
    subnet: CLIENTS,
  },
  archive: { namespace: 'back-office', app: 'archive', templateHash: '84d6b9c7f5', suffix: 'q6s3d', subnet: SERVERS },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof WORKLOADS;

export const WORKLOAD_NAMES = ['checkoutOne', 'checkoutTwo', 'payments', 'reporting', 'archive'] as const;

/** A fixed address in front of one server, as a ClusterIP is. */
export interface Service {
  readonly address: string;
  readonly port: number;
  readonly backend: WorkloadName;
  readonly backendPort: number;
}

export const SERVICES = {
  payments: { address: '198.18.99.9', port: 80, backend: 'payments', backendPort: 8080 },
  archive: { address: '198.18.99.10', port: 80, backend: 'archive', backendPort: 8080 },
} as const satisfies Record<string, Service>;

/** Who asks what, how often: each request is a connection of its own, and a prime number hides no multiple. */
export const REQUESTS = [
  { client: 'checkoutOne', service: 'payments', count: 7 },
  { client: 'checkoutTwo', service: 'payments', count: 11 },
  { client: 'reporting', service: 'archive', count: 5 },
] as const satisfies readonly { client: WorkloadName; service: keyof typeof SERVICES; count: number }[];

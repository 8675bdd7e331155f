import type { Identity } from '../pki.ts';
import { type Credentials, SERVICE_ADDRESSES } from './credentials.ts';
import { layoutOf } from './layout.ts';

export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
}

/** What a control plane is for, beside the API. */
export interface Duties {
  /** Controller manager and scheduler. */
  readonly controllers: boolean;
  /** The API server's address for kubelets; undefined: no kubelets are there, nodes are plain objects. */
  readonly address: string | undefined;
}

/** More than any test's life writes: a log that is rotated would lose what is counted in it. */
const AUDIT_LOG_MEBIBYTES = 8_192;

export function etcdArguments(folder: string, ports: Ports): readonly string[] {
  const [client, peer] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.etcdPeer}`];
  return [
    `--data-dir=${layoutOf(folder).etcd}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

export function apiServerArguments(
  folder: string,
  ports: Ports,
  credentials: Credentials,
  { controllers, address }: Duties,
): readonly string[] {
  const { authority, serving, tokens, kubeletClient } = credentials;
  const { auditPolicy, auditLog } = layoutOf(folder);
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--secure-port=${ports.api}`,
    `--tls-cert-file=${serving.certificate}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${tokens.publicKey}`,
    `--service-account-signing-key-file=${tokens.privateKey}`,
    `--service-cluster-ip-range=${SERVICE_ADDRESSES}`,
    // An agent's pods are privileged.
    '--allow-privileged=true',
    `--audit-policy-file=${auditPolicy}`,
    `--audit-log-path=${auditLog}`,
    `--audit-log-maxsize=${AUDIT_LOG_MEBIBYTES}`,
    // Without controllers nobody makes the service accounts that every pod would need.
    ...(controllers ? [] : ['--disable-admission-plugins=ServiceAccount']),
    ...(address === undefined ? LOOPBACK_ONLY : servingNodes(address, authority, kubeletClient)),
  ];
}

const LOOPBACK_ONLY = ['--bind-address=127.0.0.1', '--authorization-mode=RBAC'];

function servingNodes(address: string, authority: string, client: Identity): readonly string[] {
  return [
    '--bind-address=0.0.0.0',
    `--advertise-address=${address}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${client.certificate}`,
    `--kubelet-client-key=${client.key}`,
    `--kubelet-certificate-authority=${authority}`,
    '--kubelet-preferred-address-types=InternalIP',
    // Webhooks are called at their pods' addresses: no kube-proxy runs here, which would know those of Services.
    '--enable-aggregator-routing=true',
  ];
}

export function controllerManagerArguments(
  folder: string,
  { authority, tokens }: Credentials,
  { address }: Duties,
): readonly string[] {
  return [
    `--kubeconfig=${layoutOf(folder).controllerManager}`,
    '--secure-port=0',
    `--service-account-private-key-file=${tokens.privateKey}`,
    `--root-ca-file=${authority}`,
    '--use-service-account-credentials=true',
    // Its own limits would make it take seconds for the tokens of its controllers.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--leader-elect=false',
    ...(address === undefined ? NODES_ARE_OBJECTS : NODES_ARE_WATCHED),
  ];
}

/** Nobody renews their leases, and they stay as ready as a test says that they are. */
const NODES_ARE_OBJECTS = ['--node-monitor-grace-period=24h'];
/** A node that is gone is known within seconds, but not taken for gone on a machine that is merely busy. */
const NODES_ARE_WATCHED = ['--node-monitor-period=1s', '--node-monitor-grace-period=10s'];

export function schedulerArguments(folder: string): readonly string[] {
  return [`--kubeconfig=${layoutOf(folder).scheduler}`, '--secure-port=0', '--leader-elect=false'];
}

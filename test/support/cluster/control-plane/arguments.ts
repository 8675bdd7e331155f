import { type Credentials, SERVICE_ADDRESSES } from './credentials.ts';
import { layoutOf } from './layout.ts';

export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly api: number;
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
  controllers: boolean,
): readonly string[] {
  const { authority, serving, tokens } = credentials;
  const { auditPolicy, auditLog } = layoutOf(folder);
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    `--tls-cert-file=${serving.certificate}`,
    `--tls-private-key-file=${serving.key}`,
    `--client-ca-file=${authority}`,
    '--authorization-mode=RBAC',
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
  ];
}

export function controllerManagerArguments(folder: string, { authority, tokens }: Credentials): readonly string[] {
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
    // Nodes are plain objects here: nobody renews their leases, and they stay as ready as a test says that they are.
    '--node-monitor-grace-period=24h',
  ];
}

export function schedulerArguments(folder: string): readonly string[] {
  return [`--kubeconfig=${layoutOf(folder).scheduler}`, '--secure-port=0', '--leader-elect=false'];
}

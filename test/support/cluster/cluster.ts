import type { AuditEvent } from './audit.ts';
import { ensureTools } from './build/build.ts';
import { CLIENT_TOOLS, CLUSTER_TOOLS, type ToolName } from './build/tools.ts';
import { existingCluster, existingKubeconfig } from './existing-cluster.ts';
import { startOwnCluster } from './own-cluster.ts';
import type { Outcome } from './process/run.ts';

export interface ClusterOptions {
  /** Controller manager and scheduler; default true. Without them: no garbage collection, no pods of Deployments. */
  readonly controllers?: boolean;
}

export interface KubectlOptions {
  readonly input?: string;
  /** Path; default: the admin's. */
  readonly kubeconfig?: string;
  /** Default 30,000 ms; then kubectl is killed and the promise rejects. */
  readonly timeoutMillis?: number;
}

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

export interface TokenOptions {
  /** In the place of the cluster's own, such as a fault proxy's. */
  readonly server?: string;
  /** Name of a pod of that service account: the token is bound to it, as one that a kubelet mounts. */
  readonly pod?: string;
}

/** A Kubernetes API with nothing in it. Nodes and pods are plain objects: no kubelet runs. */
export interface Cluster extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** The work folder; it goes away with the cluster. */
  readonly folder: string;
  /** Runs kubectl as admin, or with another kubeconfig; resolves whatever its exit status is. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<Outcome>;
  /** Writes a kubeconfig with a fresh token of this service account and resolves with its path. */
  kubeconfigFor(serviceAccount: ServiceAccount, options?: TokenOptions): Promise<string>;
  /** A folder as a pod finds it at /var/run/secrets/kubernetes.io/serviceaccount: `token`, `ca.crt`, `namespace`. */
  serviceAccountFolder(serviceAccount: ServiceAccount): Promise<string>;
  /**
   * Every request that was answered so far, oldest first. A request is noted just after its answer was sent: look
   * `eventually`.
   */
  auditEvents(): Promise<AuditEvent[]>;
  /** SIGKILL; resolves when the process is gone. */
  killApiServer(): Promise<void>;
  /** On the same port; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Ends every process and removes the folder. Can be called again. */
  stop(): Promise<void>;
}

/** What startCluster and its tests run. */
export function neededTools(): readonly ToolName[] {
  return existingKubeconfig() === undefined ? CLUSTER_TOOLS : CLIENT_TOOLS;
}

/** A cluster of one's own, in some 4 s; or the one of the kubeconfig that WEIR_TEST_KUBECONFIG names. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const tool = await ensureTools(neededTools());
  const existing = existingKubeconfig();
  if (existing !== undefined) return existingCluster(existing, tool('kubectl'));
  return startOwnCluster(tool, options.controllers ?? true);
}

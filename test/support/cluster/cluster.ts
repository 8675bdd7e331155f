import type { AuditEvent } from './audit.ts';
import { ensureTools } from './build/build.ts';
import { CLIENT_TOOLS, CLUSTER_TOOLS, NODE_TOOLS, type ToolName } from './build/tools.ts';
import { existingCluster, existingKubeconfig } from './existing-cluster.ts';
import { startClusterWithNodes } from './nodes/cluster-with-nodes.ts';
import type { Node } from './nodes/node.ts';
import { startOwnCluster } from './own-cluster.ts';
import type { Outcome } from './process/run.ts';

export interface ClusterOptions {
  /** Controller manager and scheduler; default true. Without them: no garbage collection, no pods of Deployments. */
  readonly controllers?: boolean;
  /** Real nodes, which run pods; default 0, and nodes are plain objects. They need controllers. */
  readonly nodes?: number;
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

/** A Kubernetes API with nothing in it but the nodes that were asked for. */
export interface Cluster extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** The work folder; it goes away with the cluster. */
  readonly folder: string;
  /** In the order of their numbers; undefined for a cluster that runs already: its nodes are for its owner alone. */
  readonly nodes: readonly Node[] | undefined;
  /** Names of as many real nodes as were asked for: pods may be put onto them. */
  readonly nodeNames: readonly string[];
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

/** What startCluster and its tests run. @param nodes how many real ones */
export function neededTools(nodes: number): readonly ToolName[] {
  if (existingKubeconfig() !== undefined) return CLIENT_TOOLS;
  return nodes === 0 ? CLUSTER_TOOLS : [...CLUSTER_TOOLS, ...NODE_TOOLS];
}

/** A cluster of one's own, in some 4 s, with nodes 8 s; or the one of the kubeconfig that WEIR_TEST_KUBECONFIG names. */
export async function startCluster({ controllers = true, nodes = 0 }: ClusterOptions = {}): Promise<Cluster> {
  if (nodes > 0 && !controllers) throw new Error('a cluster with nodes needs controllers');
  const tool = await ensureTools(neededTools(nodes));
  const existing = existingKubeconfig();
  if (existing !== undefined) return existingCluster(existing, tool('kubectl'), nodes);
  return nodes === 0 ? startOwnCluster(tool, controllers) : startClusterWithNodes(tool, nodes);
}

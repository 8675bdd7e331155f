import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { WeirProcess } from './weir-process.ts';
import { AGENT } from './world.ts';

let runs = 0;
/** No bpffs is there. */
const NONE = '/nonexistent';

/** Becomes a command that sees a service account where a kubelet mounts it. Its arguments: the account's folder, the command. */
const AS_IN_POD = `
mount -t tmpfs tmpfs /var/run && mkdir -p /var/run/secrets/kubernetes.io &&
ln -s "$0" /var/run/secrets/kubernetes.io/serviceaccount && exec "$@"`;

interface AgentSetting {
  readonly program?: string;
  readonly bpffs?: string;
}

/** `weir agent` on this machine, in the name of a node, with the rights of config/rbac and no others. */
export class AgentProcess extends WeirProcess {
  /**
   * Resolves when the agent knows its node.
   * @param server - in the place of the cluster's own
   * @param program - what Node runs; default: the sources
   * @param bpffs - default: none, also where the machine has one
   */
  static async start(
    cluster: Cluster,
    node: string,
    { server, program, bpffs = NONE }: AgentSetting & { readonly server?: string } = {},
  ): Promise<AgentProcess> {
    const kubeconfig = await cluster.kubeconfigFor(AGENT, server === undefined ? {} : { server });
    const options = ['--kubeconfig', kubeconfig, '--node', node, '--bpffs', bpffs];
    return new AgentProcess(await WeirProcess.run('agent', options, newLog(cluster, node), program));
  }

  /** As {@link start}, but with what a pod has in the place of a kubeconfig: less to load, which shows in time and memory. */
  static async startAsInPod(
    cluster: Cluster,
    node: string,
    { program, bpffs = NONE }: AgentSetting = {},
  ): Promise<AgentProcess> {
    const folder = await cluster.serviceAccountFolder(AGENT);
    const { hostname, port } = new URL(cluster.server);
    const address = [`KUBERNETES_SERVICE_HOST=${hostname}`, `KUBERNETES_SERVICE_PORT=${port}`];
    const within = ['unshare', '--mount', 'sh', '-c', AS_IN_POD, folder, 'env', ...address];
    const options = ['--node', node, '--bpffs', bpffs];
    return new AgentProcess(await WeirProcess.run('agent', options, newLog(cluster, node), program, within));
  }
}

function newLog({ folder }: Cluster, node: string): string {
  return join(folder, `agent-${node}-${++runs}.log`);
}

import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { WeirProcess } from './weir-process.ts';
import { AGENT } from './world.ts';

let runs = 0;
/** No bpffs is there. */
const NONE = '/nonexistent';

export interface AgentSetting {
  readonly server?: string;
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
    { server, program, bpffs = NONE }: AgentSetting = {},
  ): Promise<AgentProcess> {
    const kubeconfig = await cluster.kubeconfigFor(AGENT, server === undefined ? {} : { server });
    const options = ['--kubeconfig', kubeconfig, '--node', node, '--bpffs', bpffs];
    const log = join(cluster.folder, `agent-${node}-${++runs}.log`);
    return new AgentProcess(await WeirProcess.run('agent', options, log, program));
  }
}

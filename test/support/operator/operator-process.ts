import { join } from 'node:path';
import type { Cluster } from '../cluster/cluster.ts';
import { WeirProcess } from './weir-process.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from './world.ts';

let runs = 0;

/** `weir operator` with the rights of config/rbac and no others. */
export class OperatorProcess extends WeirProcess {
  /**
   * Resolves when the operator has seen the whole cluster.
   * @param server - in the place of the cluster's own
   * @param program - what Node runs; default: the sources
   */
  static async start(
    cluster: Cluster,
    { server, program }: { readonly server?: string; readonly program?: string } = {},
  ): Promise<OperatorProcess> {
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR, server === undefined ? {} : { server });
    return OperatorProcess.startWith(cluster, kubeconfig, program);
  }

  /** As {@link start}, with a kubeconfig that exists already. */
  static async startWith(cluster: Cluster, kubeconfig: string, program?: string): Promise<OperatorProcess> {
    const options = ['--kubeconfig', kubeconfig, '--namespace', OPERATOR_NAMESPACE];
    const log = join(cluster.folder, `operator-${++runs}.log`);
    return new OperatorProcess(await WeirProcess.run('operator', options, log, program));
  }
}

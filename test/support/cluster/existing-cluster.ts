import { mkdirSync, writeFileSync } from 'node:fs';
import { accessTo } from './access.ts';
import { Api } from './api.ts';
import type { Cluster } from './cluster.ts';
import { layoutOf } from './control-plane/layout.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { createWorkFolder, removeFolder } from './process/work-folder.ts';

/** Path of the kubeconfig that tests are told to use; undefined: each starts a cluster of its own. */
export function existingKubeconfig(): string | undefined {
  return process.env['WEIR_TEST_KUBECONFIG'] || undefined;
}

/**
 * A cluster that runs already, by the current context of a kubeconfig whose user may do everything. Rejects when it has fewer
 * ready nodes than are needed.
 */
export async function existingCluster(kubeconfig: string, kubectl: string, nodes: number): Promise<Cluster> {
  if (nodes > 0) await mustHaveNodes(kubeconfig, nodes);
  const { server, ca } = readKubeconfig(kubeconfig);
  if (ca === undefined) throw new Error(`${kubeconfig}: the cluster has no certificate-authority`);
  const folder = createWorkFolder();
  const { pki, authority } = layoutOf(folder);
  mkdirSync(pki);
  writeFileSync(authority, ca);
  const stop = async () => removeFolder(folder);
  return {
    ...accessTo({ server, kubeconfig, authority, folder, kubectl }),
    nodes: undefined,
    auditEvents: () => needsOwnCluster('auditEvents'),
    killApiServer: () => needsOwnCluster('killApiServer'),
    startApiServer: () => needsOwnCluster('startApiServer'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function mustHaveNodes(kubeconfig: string, needed: number): Promise<void> {
  const nodes = await new Api(kubeconfig).list<NodeObject>('/api/v1/nodes');
  const ready = nodes.filter(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  );
  if (ready.length >= needed) return;
  throw new Error(`${kubeconfig}: ${needed} ready nodes are needed, and the cluster has ${ready.length}`);
}

interface NodeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function needsOwnCluster(what: string): Promise<never> {
  throw new Error(`${what} needs a cluster of its own: run this test without WEIR_TEST_KUBECONFIG`);
}

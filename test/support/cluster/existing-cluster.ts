import { mkdirSync, writeFileSync } from 'node:fs';
import { accessTo } from './access.ts';
import { Api } from './api.ts';
import type { Cluster } from './cluster.ts';
import { layoutOf } from './control-plane/layout.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { createWorkFolder, removeFolder } from './process/work-folder.ts';
import { roomyNodes } from './real-nodes.ts';

/** Path of the kubeconfig that tests are told to use; undefined: each starts a cluster of its own. */
export function existingKubeconfig(): string | undefined {
  return process.env['WEIR_TEST_KUBECONFIG'] || undefined;
}

/**
 * A cluster that runs already, by the current context of a kubeconfig whose user may do everything. Rejects when fewer of its
 * nodes take pods than are needed.
 */
export async function existingCluster(kubeconfig: string, kubectl: string, nodes: number): Promise<Cluster> {
  const nodeNames = nodes > 0 ? await chooseNodes(kubeconfig, nodes) : [];
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
    nodeNames,
    auditEvents: () => needsOwnCluster('auditEvents'),
    killApiServer: () => needsOwnCluster('killApiServer'),
    startApiServer: () => needsOwnCluster('startApiServer'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function chooseNodes(kubeconfig: string, needed: number): Promise<readonly string[]> {
  const names = await roomyNodes(new Api(kubeconfig));
  if (names.length >= needed) return names.slice(0, needed);
  const has = `${names.length} of the cluster's are Ready, of Linux and without taints`;
  throw new Error(`${kubeconfig}: ${needed} nodes that take pods are needed, and ${has}`);
}

async function needsOwnCluster(what: string): Promise<never> {
  throw new Error(`${what} needs a cluster of its own: run this test without WEIR_TEST_KUBECONFIG`);
}

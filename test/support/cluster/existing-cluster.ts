import { mkdirSync, writeFileSync } from 'node:fs';
import { accessTo } from './access.ts';
import type { Cluster } from './cluster.ts';
import { layoutOf } from './control-plane/layout.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { createWorkFolder, removeFolder } from './process/work-folder.ts';

/** Path of the kubeconfig that tests are told to use; undefined: each starts a cluster of its own. */
export function existingKubeconfig(): string | undefined {
  return process.env['WEIR_TEST_KUBECONFIG'] || undefined;
}

/** A cluster that runs already, by the current context of a kubeconfig whose user may do everything. */
export function existingCluster(kubeconfig: string, kubectl: string): Cluster {
  const { server, ca } = readKubeconfig(kubeconfig);
  if (ca === undefined) throw new Error(`${kubeconfig}: the cluster has no certificate-authority`);
  const folder = createWorkFolder();
  const { pki, authority } = layoutOf(folder);
  mkdirSync(pki);
  writeFileSync(authority, ca);
  const stop = async () => removeFolder(folder);
  return {
    ...accessTo({ server, kubeconfig, authority, folder, kubectl }),
    auditEvents: () => needsOwnCluster('auditEvents'),
    killApiServer: () => needsOwnCluster('killApiServer'),
    startApiServer: () => needsOwnCluster('startApiServer'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function needsOwnCluster(what: string): Promise<never> {
  throw new Error(`${what} needs a cluster of its own: run this test without WEIR_TEST_KUBECONFIG`);
}

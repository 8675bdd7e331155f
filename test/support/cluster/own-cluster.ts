import { accessTo } from './access.ts';
import { readAuditLog } from './audit.ts';
import type { Cluster } from './cluster.ts';
import { ControlPlane, type ToolPath } from './control-plane/control-plane.ts';
import { layoutOf } from './control-plane/layout.ts';
import { createWorkFolder, removeFolder } from './process/work-folder.ts';

/** Starts a control plane in a fresh work folder. A start that fails leaves nothing. */
export async function startOwnCluster(tool: ToolPath, controllers: boolean): Promise<Cluster> {
  const folder = createWorkFolder();
  try {
    const plane = await ControlPlane.start(folder, tool, controllers);
    return clusterOf(plane, folder, tool('kubectl'));
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}

function clusterOf(plane: ControlPlane, folder: string, kubectl: string): Cluster {
  const { admin, authority, auditLog } = layoutOf(folder);
  const stop = async () => {
    await plane.stop();
    removeFolder(folder);
  };
  return {
    ...accessTo({ server: plane.server, kubeconfig: admin, authority, folder, kubectl }),
    auditEvents: () => readAuditLog(auditLog),
    killApiServer: () => plane.killApiServer(),
    startApiServer: () => plane.startApiServer(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

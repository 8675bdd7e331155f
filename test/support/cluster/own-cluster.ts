import { accessTo } from './access.ts';
import { readAuditLog } from './audit.ts';
import type { Cluster } from './cluster.ts';
import { ControlPlane, type ToolPath } from './control-plane/control-plane.ts';
import { layoutOf } from './control-plane/layout.ts';
import { LOOPBACK } from './control-plane/loopback.ts';
import type { Node } from './nodes/node.ts';
import { createWorkFolder, removeFolder } from './process/work-folder.ts';

/** Starts a control plane in a fresh work folder. A start that fails leaves nothing. */
export async function startOwnCluster(tool: ToolPath, controllers: boolean): Promise<Cluster> {
  const folder = createWorkFolder();
  try {
    const plane = await ControlPlane.start(folder, tool, LOOPBACK, controllers);
    return clusterOf({ plane, folder, kubectl: tool('kubectl'), nodes: [], close: async () => removeFolder(folder) });
  } catch (error) {
    removeFolder(folder);
    throw error;
  }
}

interface Parts {
  readonly plane: ControlPlane;
  readonly folder: string;
  /** Path of the program. */
  readonly kubectl: string;
  readonly nodes: readonly Node[];
  /** Ends what is no process of the control plane, and removes the folder. */
  readonly close: () => Promise<void>;
}

export function clusterOf({ plane, folder, kubectl, nodes, close }: Parts): Cluster {
  const { admin, authority, auditLog } = layoutOf(folder);
  const stop = async () => {
    await plane.stop();
    await close();
  };
  return {
    ...accessTo({ server: plane.server, kubeconfig: admin, authority, folder, kubectl }),
    nodes,
    nodeNames: nodes.map(({ name }) => name),
    auditEvents: () => readAuditLog(auditLog),
    killApiServer: () => plane.killApiServer(),
    startApiServer: () => plane.startApiServer(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

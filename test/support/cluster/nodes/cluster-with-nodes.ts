import { Api } from '../api.ts';
import type { Cluster } from '../cluster.ts';
import { ControlPlane, type ToolPath } from '../control-plane/control-plane.ts';
import { layoutOf } from '../control-plane/layout.ts';
import { clusterOf } from '../own-cluster.ts';
import { Pki } from '../pki.ts';
import { ended } from '../process/ended.ts';
import { createWorkFolder, removeFolder } from '../process/work-folder.ts';
import { CONTROL_PLANE_ADDRESS } from './addresses.ts';
import { MachineRoom } from './machine-room.ts';

/** Starts a control plane and so many nodes; resolves when all are ready. A start that fails leaves nothing. */
export async function startClusterWithNodes(tool: ToolPath, count: number): Promise<Cluster> {
  const folder = createWorkFolder();
  let room: MachineRoom | undefined;
  try {
    const opened = await MachineRoom.open(folder, count, tool);
    room = opened;
    const { site, nodes } = opened;
    const starting = [ControlPlane.start(folder, tool, site, true), ...nodes.map((node) => node.boot())] as const;
    const [plane] = await Promise.all(await ended(starting));
    const membership = membershipOf(plane, folder);
    await Promise.all(await ended(nodes.map((node) => node.join(membership))));
    return clusterOf({ plane, folder, kubectl: tool('kubectl'), nodes, close: () => opened.close() });
  } catch (error) {
    await room?.close();
    removeFolder(folder);
    throw error;
  }
}

function membershipOf(plane: ControlPlane, folder: string) {
  const { pki: pkiFolder, admin } = layoutOf(folder);
  const pki = Pki.open(pkiFolder);
  if (pki === undefined) throw new Error(`${pkiFolder} has no certificates`);
  const server = new URL(plane.server);
  server.hostname = CONTROL_PLANE_ADDRESS;
  return { pki, server: server.origin, api: new Api(admin) };
}

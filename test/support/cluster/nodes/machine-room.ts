import { basename, join } from 'node:path';
import { Janitor } from '../../lab/janitor.ts';
import type { Site, ToolPath } from '../control-plane/control-plane.ts';
import { buildImages } from '../images/images.ts';
import { ended } from '../process/ended.ts';
import { runOrThrow } from '../process/run.ts';
import { CONTROL_PLANE_ADDRESS, MOST_NODES } from './addresses.ts';
import { Cgroup } from './cgroups.ts';
import { forwardPort } from './forwarder.ts';
import { Machine } from './machine.ts';
import { makeNetwork } from './network.ts';
import { Node } from './node.ts';

/**
 * Where a cluster's machines stand: one for the control plane, one a node, on a network of their own. Everything in it ends
 * with {@link close}, and with this process.
 */
export class MachineRoom {
  readonly nodes: readonly Node[];
  /** The control plane's place. */
  readonly site: Site;
  readonly #janitor: Janitor;

  private constructor(site: Site, nodes: readonly Node[], janitor: Janitor) {
    this.site = site;
    this.nodes = nodes;
    this.#janitor = janitor;
  }

  /**
   * With the control plane's machine running and the nodes' not.
   *
   * @param folder of the cluster; its name is the cgroup's, and it goes away at the end
   */
  static async open(folder: string, count: number, tool: ToolPath): Promise<MachineRoom> {
    if (count < 1 || count > MOST_NODES) throw new Error(`a cluster can have 1 to ${MOST_NODES} nodes, not ${count}`);
    const cgroup = new Cgroup(basename(folder));
    const janitor = await Janitor.hire(folder, cgroup.directories);
    try {
      const control = cgroup.child('control-plane');
      for (const made of [cgroup, control]) made.make();
      const parts = [
        Machine.boot('control plane', control),
        buildImages(join(folder, 'images')),
        runOrThrow('sh', ['-c', 'command -v runc']),
      ] as const;
      const [controlPlane, images, runc] = await Promise.all(await ended(parts));
      await makeNetwork(controlPlane);
      const site = { controlPlane, nodes: count, tool, runc: runc.trim(), images };
      const nodes = Array.from({ length: count }, (_, index) => new Node(index + 1, folder, cgroup, site));
      return new MachineRoom(siteOn(controlPlane, join(folder, 'forward.log')), nodes, janitor);
    } catch (error) {
      await janitor.finish();
      throw error;
    }
  }

  /** Kills everything at once; resolves when nothing is left, the folder included. Can be called again. */
  async close(): Promise<void> {
    await this.#janitor.finish();
  }
}

function siteOn(machine: Machine, log: string): Site {
  return {
    address: CONTROL_PLANE_ADDRESS,
    start: (name, argv, output) => machine.daemon(name, argv, output),
    open: (port) => forwardPort(machine, port, log),
  };
}

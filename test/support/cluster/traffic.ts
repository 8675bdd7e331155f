import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { runInside } from './inside.ts';
import { kubectl } from './kubectl.ts';
import type { WorkloadPod } from './workload.ts';

const BETWEEN_MILLIS = 100;

export interface Way {
  /** Pod that connects; on a node of one's own it needs no kubelet for it. */
  readonly client: WorkloadPod;
  readonly address: string;
  readonly port: string;
  /** In bytes. */
  readonly request: string;
  /** How many at a time, one after another. */
  readonly connections: number;
}

/** Connections from one pod to an address. */
export class Traffic {
  readonly #cluster: Cluster;
  readonly #way: Way;

  constructor(cluster: Cluster, way: Way) {
    this.#cluster = cluster;
    this.#way = way;
  }

  /** Rejects at the first connection that fails. */
  async connect(): Promise<void> {
    const { client, address, port, request, connections } = this.#way;
    const { name, namespace = '', uid = '' } = client.metadata;
    const argv = ['connect', address, port, `${connections}`, request];
    const node = this.#cluster.nodes?.find((each) => each.name === client.spec.nodeName);
    if (node === undefined) {
      await kubectl(this.#cluster, ['exec', '-n', namespace, name, '--', '/traffic', ...argv]);
      return;
    }
    const { status, stderr } = await runInside(node, uid, [join(this.#cluster.folder, 'images', 'traffic'), ...argv]);
    if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
  }

  /** Without a pause while something happens, and once more after it; resolves with how many connections there were. */
  async during(happening: () => Promise<void>): Promise<number> {
    let over = false;
    const traffic = async () => {
      let connections = 0;
      for (let last = false; !last; connections += this.#way.connections) {
        last = over;
        await this.connect();
        await pause(BETWEEN_MILLIS);
      }
      return connections;
    };
    const happened = async () => {
      try {
        await happening();
      } finally {
        over = true;
      }
    };
    const [connections] = await Promise.all([traffic(), happened()]);
    return connections;
  }
}

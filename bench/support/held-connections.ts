/** Many connections that are open at once between two pods of this node. */
import type { Peer } from '../../test/support/lab/peer.ts';
import type { Pod } from '../../test/support/lab/pod.ts';

/** Of one process: its descriptors are limited, often to 20,000. */
const MOST_OF_A_PEER = 12_500;
const BACKLOG = 4_096;
const PATIENCE_MS = 120_000;
const SERVER_ADDRESS = '127.0.0.1';

interface Pair {
  readonly dialler: Peer;
  readonly acceptor: Peer;
}

/** Their processes hold them until they are disposed of. Each has two sockets here: one of either pod. */
export class HeldConnections implements AsyncDisposable {
  readonly #pairs: readonly Pair[];

  private constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
  }

  /** Resolves when so many are established. @param server shares the network of `client`. */
  static async open(client: Pod, server: Pod, count: number): Promise<HeldConnections> {
    const pairs: Pair[] = [];
    for (let left = count; left > 0; left -= MOST_OF_A_PEER) {
      const [dialler, acceptor] = await Promise.all([client.peer(), server.peer()]);
      const listener = await acceptor.listen(SERVER_ADDRESS, { backlog: BACKLOG });
      const connections = Math.min(left, MOST_OF_A_PEER);
      await Promise.all([
        dialler.holdOpen(listener, connections, PATIENCE_MS),
        listener.hold(connections, PATIENCE_MS),
      ]);
      await listener.close();
      pairs.push({ dialler, acceptor });
    }
    return new HeldConnections(pairs);
  }

  /** A byte goes over each. */
  async move(): Promise<void> {
    for (const { dialler, acceptor } of this.#pairs)
      await Promise.all([dialler.held.send(1, PATIENCE_MS), acceptor.held.receive(1, PATIENCE_MS)]);
  }

  /** Ends the processes; the kernel closes the sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { dialler, acceptor } of this.#pairs) {
      await dialler.end();
      await acceptor.end();
    }
  }
}

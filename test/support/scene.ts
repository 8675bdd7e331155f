import { Lab } from './lab/lab.ts';
import type { ConnectOptions, ListenOptions, Peer } from './lab/peer.ts';
import type { PeerSocket } from './lab/peer-socket.ts';
import type { Pod } from './lab/pod.ts';
import { routedPair } from './lab/routed-pair.ts';
import type { Router } from './lab/router.ts';

/** A client and a server, pods on two subnets of one router, each with a process whose sockets the test controls. */
export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly router: Router;
  readonly client: Pod;
  readonly server: Pod;
  readonly dialler: Peer;
  readonly acceptor: Peer;

  private constructor(parts: Pick<Scene, 'lab' | 'router' | 'client' | 'server' | 'dialler' | 'acceptor'>) {
    this.lab = parts.lab;
    this.router = parts.router;
    this.client = parts.client;
    this.server = parts.server;
    this.dialler = parts.dialler;
    this.acceptor = parts.acceptor;
  }

  static async create(name: string): Promise<Scene> {
    const lab = await Lab.create(name);
    try {
      const { router, client, server } = await routedPair(lab);
      const [dialler, acceptor] = await Promise.all([client.peer(), server.peer()]);
      return new Scene({ lab, router, client, server, dialler, acceptor });
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** An established connection from client to server; `near` is the client's socket. */
  async connection(options: Dialling = {}): Promise<Connection> {
    const { family = 'ipv4', by = this.acceptor, ...rest } = options;
    const listener = await by.listen(this.server[family], rest);
    const near = await this.dialler.connect(listener, rest);
    const far = await listener.accept();
    await listener.close();
    return { near, far };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/**
 * Ends a connection in good order from the server: each side has read the other's FIN before its socket goes. A socket
 * that is closed at once ends in one of two ways instead, by whether the FIN is acknowledged while close() still runs.
 */
export async function endInOrder({ near, far }: Connection): Promise<void> {
  await far.shutdown('write');
  await near.receiveToEnd();
  await near.close();
  await far.receiveToEnd();
  await far.close();
}

export interface Dialling extends ListenOptions, ConnectOptions {
  readonly family?: 'ipv4' | 'ipv6';
  /** Who accepts; default: the scene's acceptor. */
  readonly by?: Peer;
}

export interface Connection {
  readonly near: PeerSocket;
  readonly far: PeerSocket;
}

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Where TCP connections arrive: the only place that can refuse one, or end one by a reset. */
export class Gate {
  readonly port: number;
  readonly #server: Server;
  /** By the client's port. */
  readonly #sockets = new Map<number, Socket>();

  constructor(port: number, enter: (socket: Socket) => void) {
    this.port = port;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const client = socket.remotePort ?? 0;
      this.#sockets.set(client, socket);
      socket.once('close', () => this.#sockets.delete(client));
      enter(socket);
    });
  }

  /** Does nothing when it is open. */
  async open(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** From now on the kernel refuses connections; those that are there stay. */
  close(): void {
    if (this.#server.listening) this.#server.close();
  }

  /** Returns how many there were. */
  resetAll(): number {
    const sockets = [...this.#sockets.values()];
    for (const socket of sockets) socket.resetAndDestroy();
    return sockets.length;
  }

  /** The connection that a TLS socket is on top of. */
  beneath({ remotePort = 0 }: Socket): Socket | undefined {
    return this.#sockets.get(remotePort);
  }
}

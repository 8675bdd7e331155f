import { setTimeout as pause } from 'node:timers/promises';
import type { Peer } from '../../test/support/lab/peer.ts';
import type { Listener } from '../../test/support/lab/peer-socket.ts';
import type { Pod } from '../../test/support/lab/pod.ts';

const ONE = { connections: 1, send: 1, receive: 1 };

/** Short connections from one pod to another, one after another, until it is stopped. */
export class Trickle implements AsyncDisposable {
  /** Between two connections. */
  static readonly PAUSE_MILLIS = 5;
  readonly #dialler: Peer;
  readonly #acceptor: Peer;
  #connections = 0;
  #isOver = false;
  #end: Promise<void>;

  private constructor(dialler: Peer, acceptor: Peer, listener: Listener) {
    this.#dialler = dialler;
    this.#acceptor = acceptor;
    this.#end = this.#run(listener);
    // Told by `stop`, however long before it failed.
    this.#end.catch(() => undefined);
  }

  /** @param server shares the network of `client`. */
  static async start(client: Pod, server: Pod): Promise<Trickle> {
    const [dialler, acceptor] = await Promise.all([client.peer(), server.peer()]);
    return new Trickle(dialler, acceptor, await acceptor.listen('127.0.0.1'));
  }

  /** So far. */
  get connections(): number {
    return this.#connections;
  }

  /** Resolves after the last connection; rejects when one has failed. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#dialler.end(), this.#acceptor.end()]);
  }

  async #run(listener: Listener): Promise<void> {
    while (!this.#isOver) {
      await Promise.all([listener.serve(ONE), this.#dialler.burst(listener, ONE)]);
      this.#connections += 1;
      await pause(Trickle.PAUSE_MILLIS);
    }
  }
}

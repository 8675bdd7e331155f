import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { PeerChannel } from './peer-channel.ts';
import { type Call, type Described, Listener, PeerSocket } from './peer-socket.ts';
import type { Endpoint } from './rules.ts';

export interface ListenOptions {
  /** Default 0: the kernel chooses. */
  readonly port?: number;
  readonly backlog?: number;
  /** An IPv6 listener that takes IPv4 connections too. */
  readonly dualStack?: boolean;
  /** Length of the Fast Open queue; default 0: no Fast Open. */
  readonly fastOpenQueue?: number;
  /** Multipath TCP: connections that speak it have a TCP socket of the kernel's own beneath. */
  readonly mptcp?: boolean;
}

export interface ConnectOptions {
  /** Bound before the connection is opened. */
  readonly source?: Endpoint;
  /** Bytes, at most 65,536, that are given to the kernel with the connect, to go with the SYN (see {@link FAST_OPEN}). */
  readonly fastOpen?: number;
  /** TCP_SYNCNT: how often the SYN is sent again. */
  readonly synRetries?: number;
  /** TCP_USER_TIMEOUT, ms. */
  readonly userTimeoutMs?: number;
  /** As of {@link ListenOptions}. */
  readonly mptcp?: boolean;
  readonly timeoutMs?: number;
}

export interface BurstOptions {
  readonly connections: number;
  /** Bytes that this side sends on each connection. */
  readonly send: number;
  /** Bytes that this side receives on each connection. */
  readonly receive: number;
  /**
   * As many of them are opened before the first is used, and both sides wait for each other less often; default: 1. The same on
   * both sides; with more than one, what is sent on each must fit the sockets' buffers.
   */
  readonly atOnce?: number;
  /** For all of them together. */
  readonly timeoutMs?: number;
}

export interface Pace {
  /** Connections; default: as many as there can be. */
  readonly perSecond?: number;
}

/** Sums over all connections of a burst. */
export interface Totals {
  readonly connections: number;
  readonly sent: number;
  readonly received: number;
}

/** Sysctls for both ends' namespaces, so that data goes with the very first SYN: no cookies are asked for. */
export const FAST_OPEN = { 'net.ipv4.tcp_fastopen': 0x207 };

interface Greeting {
  readonly pid: number;
  readonly executable: string;
}

/**
 * A process in a pod whose sockets are controlled from here.
 *
 * It does one operation at a time, in the order of the calls: two operations that wait for each other need two peers.
 * Failures reject with a `PeerError`.
 */
export class Peer {
  readonly pid: number;
  /** File name of the process' executable. */
  readonly executable: string;
  /** Directory for the unix sockets by which sockets are passed. */
  readonly temporary: string;
  readonly #channel: PeerChannel;
  readonly #call: Call;

  private constructor(channel: PeerChannel, greeting: Greeting, temporary: string) {
    this.pid = greeting.pid;
    this.executable = greeting.executable;
    this.temporary = temporary;
    this.#channel = channel;
    this.#call = (op, args, timeoutMs) => channel.call(op, args, timeoutMs);
  }

  /** @param spawn starts a command where the peer is to live */
  static async start(
    spawn: (argv: readonly string[]) => ChildProcessWithoutNullStreams,
    temporary: string,
  ): Promise<Peer> {
    const channel = new PeerChannel(spawn);
    return new Peer(channel, await channel.next<Greeting>('start'), temporary);
  }

  async listen(address: string, options: ListenOptions = {}): Promise<Listener> {
    const described = await this.#call<Described>('listen', {
      address,
      port: options.port ?? 0,
      backlog: options.backlog ?? 128,
      dual_stack: options.dualStack ?? false,
      fast_open: options.fastOpenQueue ?? 0,
      mptcp: options.mptcp ?? false,
    });
    return new Listener(this.#call, described, this);
  }

  /** Opens a connection; resolves when it is established. */
  connect(to: Endpoint, options: ConnectOptions = {}): Promise<PeerSocket> {
    return this.#open(to, options, true);
  }

  /** Begins to open a connection; `connected()` of the socket waits for the outcome. */
  startConnect(to: Endpoint, options: ConnectOptions = {}): Promise<PeerSocket> {
    return this.#open(to, options, false);
  }

  /** Opens, uses and closes connections, against a listener's `serve` with as many at once. */
  burst(
    { address, port }: Endpoint,
    { timeoutMs, perSecond = 0, atOnce = 1, ...volume }: BurstOptions & Pace,
  ): Promise<Totals> {
    const args = { address, port, per_second: perSecond, at_once: atOnce, ...volume };
    return this.#call<Totals>('burst', args, timeoutMs);
  }

  /** Opens so many connections and holds them all, against a listener's `hold`; what is said to `held` is said to each. */
  holdOpen(to: Endpoint, connections: number, timeoutMs?: number): Promise<void> {
    return this.#call('hold_open', { connections, ...connectArguments(to, {}, true) }, timeoutMs);
  }

  /** Every connection that this peer holds, one after the other. */
  readonly held = {
    /** Sends so many bytes on each. */
    send: (bytes: number, timeoutMs?: number): Promise<void> => this.#call('held_send', { count: bytes }, timeoutMs),
    /** Receives so many bytes of each. */
    receive: (bytes: number, timeoutMs?: number): Promise<void> =>
      this.#call('held_receive', { count: bytes }, timeoutMs),
    close: (timeoutMs?: number): Promise<void> => this.#call('held_close', {}, timeoutMs),
  };

  /** Receives the socket that `send` passes over a unix socket at `path`; use `PeerSocket.passTo`. */
  async take(path: string, send: () => Promise<void>): Promise<PeerSocket> {
    await this.#call('pass_bind', { path });
    await send();
    return new PeerSocket(this.#call, await this.#call<Described>('pass_take', {}), this);
  }

  /** Sends an operation on to a child that the peer forked; use `PeerSocket.fork`. */
  relay<T>(child: number, op: string, args: object, timeoutMs?: number): Promise<T> {
    return this.#call<T>('relay', { child, op, args }, timeoutMs);
  }

  /** The process exits in an orderly manner; the kernel closes its sockets. */
  end(): Promise<void> {
    return this.#channel.end();
  }

  /** Kills the process with SIGKILL; resolves when the kernel has closed its sockets. */
  kill(): Promise<void> {
    return this.#channel.kill();
  }

  async #open(to: Endpoint, options: ConnectOptions, wait: boolean): Promise<PeerSocket> {
    const described = await this.#call<Described>('connect', connectArguments(to, options, wait), options.timeoutMs);
    return new PeerSocket(this.#call, described, this);
  }
}

function connectArguments(to: Endpoint, options: ConnectOptions, wait: boolean): object {
  return {
    address: to.address,
    port: to.port,
    source: options.source ?? null,
    fast_open: options.fastOpen ?? 0,
    syn_retries: options.synRetries ?? null,
    user_timeout: options.userTimeoutMs ?? null,
    mptcp: options.mptcp ?? false,
    wait,
  };
}

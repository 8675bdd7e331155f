import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { BurstOptions, Peer, Totals } from './peer.ts';
import type { Endpoint } from './rules.ts';

/** Sends one operation to the process that holds the socket. */
export type Call = <T>(op: string, args: object, timeoutMs?: number) => Promise<T>;

/** A socket as peer.py describes it. */
export interface Described {
  readonly number: number;
  readonly local: Endpoint;
  readonly remote: Endpoint | null;
}

export type TcpState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING';

/** The kernel's own numbers of a connection (TCP_INFO), by their names in linux/tcp.h; times in µs. */
export interface TcpInfo {
  readonly state: TcpState;
  /** Bit 5 (TCPI_OPT_SYN_DATA): data in the SYN was acknowledged by the SYN-ACK. */
  readonly options: number;
  readonly snd_mss: number;
  readonly unacked: number;
  readonly rtt: number;
  readonly rttvar: number;
  readonly min_rtt: number;
  readonly total_retrans: number;
  readonly bytes_acked: number;
  readonly bytes_received: number;
  readonly bytes_sent: number;
  readonly bytes_retrans: number;
  readonly segs_out: number;
  readonly segs_in: number;
  readonly data_segs_in: number;
  readonly data_segs_out: number;
}

/** What {@link PeerSocket.wait} waits for: all that are given. */
export interface Condition {
  readonly state?: TcpState;
  /** At least so many bytes lie unread in the receive queue. */
  readonly unread?: number;
  /** At most so many sent bytes are not acknowledged. */
  readonly unacked?: number;
}

class Handle {
  readonly local: Endpoint;
  protected readonly peer: Peer;
  protected readonly described: Described;
  readonly #call: Call;

  constructor(call: Call, described: Described, peer: Peer) {
    this.local = described.local;
    this.described = described;
    this.peer = peer;
    this.#call = call;
  }

  protected call<T = void>(op: string, args: object = {}, timeoutMs?: number): Promise<T> {
    return this.#call<T>(op, { ...args, number: this.described.number }, timeoutMs);
  }

  protected adopt(described: Described): PeerSocket {
    return new PeerSocket(this.#call, described, this.peer);
  }

  /** SO_COOKIE of the socket and SO_NETNS_COOKIE of its namespace. */
  async cookies(): Promise<{ socket: bigint; netns: bigint }> {
    const [socket, netns] = await this.call<[string, string]>('cookies');
    return { socket: BigInt(socket), netns: BigInt(netns) };
  }

  /** Closes this process' copy of the socket. */
  close(): Promise<void> {
    return this.call('close');
  }
}

/** A listening socket; itself an endpoint to connect to. */
export class Listener extends Handle implements Endpoint {
  get address(): string {
    return this.local.address;
  }

  get port(): number {
    return this.local.port;
  }

  async accept(timeoutMs?: number): Promise<PeerSocket> {
    return this.adopt(await this.call<Described>('accept', {}, timeoutMs));
  }

  /** Accepts so many connections and holds them all: its peer's `held` speaks to each. */
  hold(connections: number, timeoutMs?: number): Promise<void> {
    return this.call('hold_accepted', { connections }, timeoutMs);
  }

  /** Accepts connections; each is received from, answered, read to its end and closed. */
  serve({ timeoutMs, atOnce = 1, ...volume }: BurstOptions): Promise<Totals> {
    return this.call<Totals>('serve', { at_once: atOnce, ...volume }, timeoutMs);
  }
}

/** A TCP socket in another process. A failing operation rejects with the kernel's error name (`PeerError.code`). */
export class PeerSocket extends Handle {
  /** Where the connection goes, as the kernel has it; null while it is not established. */
  get remote(): Endpoint | null {
    return this.described.remote;
  }

  /** Waits for the outcome of `startConnect`; resolves with the established socket. */
  async connected(timeoutMs?: number): Promise<PeerSocket> {
    return this.adopt(await this.call<Described>('connected', {}, timeoutMs));
  }

  /** Resolves when the kernel has taken all bytes. */
  send(bytes: number, timeoutMs?: number): Promise<number> {
    return this.call<number>('send', { count: bytes }, timeoutMs);
  }

  /** Receives exactly so many bytes; rejects with EOF when the stream ends before. */
  receive(bytes: number, timeoutMs?: number): Promise<number> {
    return this.call<number>('receive', { count: bytes }, timeoutMs);
  }

  /** Receives until the other side has ended its stream; resolves with the number of bytes. */
  receiveToEnd(timeoutMs?: number): Promise<number> {
    return this.call<number>('receive', { count: null }, timeoutMs);
  }

  shutdown(how: 'read' | 'write' | 'both'): Promise<void> {
    return this.call('shutdown', { how });
  }

  /** Closes with SO_LINGER 0: the kernel sends a reset. */
  reset(): Promise<void> {
    return this.call('reset');
  }

  /** Gives the connection up with connect(AF_UNSPEC): the kernel sends a reset, the socket stays. */
  disconnect(): Promise<void> {
    return this.call('disconnect');
  }

  /** The next sequence number to send, and the next one expected (TCP_REPAIR): of a new connection each is its ISN + 1. */
  async sequences(): Promise<{ send: number; receive: number }> {
    const [send, receive] = await this.call<[number, number]>('sequences');
    return { send, receive };
  }

  info(): Promise<TcpInfo> {
    return this.call<TcpInfo>('info');
  }

  wait(condition: Condition, timeoutMs?: number): Promise<void> {
    return this.call('wait', condition, timeoutMs);
  }

  /** Waits until the connection has ended and rejects with its SO_ERROR, or with NO_ERROR after an orderly end. */
  failure(timeoutMs?: number): Promise<never> {
    return this.call<never>('wait_error', {}, timeoutMs);
  }

  /** Gives another peer a copy of the socket (SCM_RIGHTS). Both copies are open until each is closed. */
  passTo(peer: Peer): Promise<PeerSocket> {
    const path = join(peer.temporary, randomBytes(6).toString('hex'));
    return peer.take(path, () => this.call('pass_send', { path }));
  }

  /** Forks the process; the child holds a copy of this socket only. Both copies are open until each is closed. */
  async fork(): Promise<{ pid: number; socket: PeerSocket }> {
    const pid = await this.call<number>('fork');
    const relay: Call = (op, args, timeoutMs) => this.peer.relay(pid, op, args, timeoutMs);
    return { pid, socket: new PeerSocket(relay, this.described, this.peer) };
  }
}

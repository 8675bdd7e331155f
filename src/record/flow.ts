/**
 * The flow record: one socket's view of one connection, or of one interval of it.
 *
 * The type is closed: every encoder is driven by the catalogue beside it (`catalogue.ts`), and the catalogue reads only
 * what stands here. Properties are `T | undefined` rather than optional so that every record has one hidden class.
 */

/** How a flow stood when its record was written. */
export type FlowState = 'Active' | 'Closed' | 'Failed' | 'Reset' | 'TimedOut';

/** Why a TCP connection ended, as far as this socket can know; see docs/record.md for what each one proves. */
export type CloseReason =
  | 'Finished' // both directions were ended by a FIN
  | 'HalfClosed' // own FIN acknowledged; the socket went before the peer's FIN came (the usual active closer)
  | 'ResetSent'
  | 'ResetReceived'
  | 'Reset' // a reset ended it, and the socket cannot tell whose
  | 'Refused'
  | 'TimedOut'
  | 'Unreachable'
  | 'Abandoned' // the local process gave up before the handshake completed
  | 'Unknown';

/** What stands behind an address. */
export type EndpointKind = 'Pod' | 'Node' | 'Service' | 'External' | 'Host' | 'Unknown';

/** How a side's owner is known. Never a guess: what is not known is Ambiguous or Unknown, with a reason. */
export type Attribution = 'Exact' | 'Timeline' | 'Ambiguous' | 'Unknown';

export type AddressType = 'private' | 'public' | 'loopback' | 'multicast' | 'linkLocal' | 'unspecified';

/** Who owned one side of a flow. Shared between records: never changed after it is made. */
export interface Identity {
  readonly kind: EndpointKind;
  readonly namespace: string | undefined;
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  /** Kind of the top owner: Deployment, StatefulSet, DaemonSet, CronJob, Job … */
  readonly ownerType: string | undefined;
  readonly ownerName: string | undefined;
  readonly serviceName: string | undefined;
  readonly nodeName: string | undefined;
}

/** One side of a flow. `bytes` and `packets` are what that side sent (payload bytes; segments with data). */
export interface Side {
  /** Textual address; an IPv4-mapped IPv6 address is shown as IPv4. */
  address: string;
  port: number;
  addressType: AddressType;
  bytes: number;
  packets: number;
  identity: Identity;
  attribution: Attribution;
  attributionReason: string | undefined;
  /** Owner of the process that used this side's address when it is not the address' own pod. */
  proxy: Identity | undefined;
}

/** What the kernel measured of a TCP connection. Times are microseconds. */
export interface Tcp {
  rtt: number | undefined;
  rttVariance: number | undefined;
  rttMin: number | undefined;
  retransmits: number;
  /** Source: SYN to established. Destination: SYN-ACK to its acknowledgement, undefined where the kernel has no measure of it. */
  handshakeDuration: number | undefined;
  established: 0 | 1;
  closed: 0 | 1;
  closeReason: CloseReason | undefined;
  /** The connection is older than the capture, or than its pod's selection: start and counters begin with the take-over. */
  takenOver: true | undefined;
}

export interface Process {
  /** As the machine counts, outside of any PID namespace. */
  readonly pid: number;
  /** File name of the executable, as the kernel had it; hostile text. Undefined when it was gone already. */
  readonly executableName: string | undefined;
}

export interface Flow {
  /** Microseconds since the epoch, an exact integer. */
  start: number;
  end: number;
  state: FlowState;
  /** 0, 1, 2 … of the interim reports of one connection; counters are deltas since the last. */
  sequence: number;
  /** 16 hex digits, the same on both ends; undefined when the handshake never completed. */
  id: string | undefined;
  idKey: number | undefined;
  /** Local: both ends in one network namespace; Node: both on this node. */
  scope: 'Local' | 'Node' | undefined;
  transport: 'tcp' | 'udp';
  type: 'ipv4' | 'ipv6';
  /** The side that opened the connection. */
  source: Side;
  /** The side that accepted it. */
  destination: Side;
  tcp: Tcp | undefined;
  process: Process | undefined;
  containerId: string | undefined;
  /** `namespace/name` of every capture that this flow matched and that feeds the export at hand; never empty. */
  capture: readonly string[];
  samplingOneIn: number;
  cluster: string | undefined;
  /** Which side this node saw. */
  observer: 'source' | 'destination';
  node: string;
}

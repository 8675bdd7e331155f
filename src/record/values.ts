import type { AddressType, Attribution, CloseReason, EndpointKind, Flow, FlowState } from './flow.ts';

/** Closed sets of the record with what each value means; a value without a meaning does not compile. */

type Meanings<Value extends string> = Readonly<Record<Value, string>>;

export const FLOW_STATES: Meanings<FlowState> = {
  Active: 'The connection lives; this is an interim report.',
  Closed: 'The connection was established and ended by FINs, or its socket went after its own FIN was acknowledged.',
  Failed: 'The connection was never established.',
  Reset: 'The connection was established and a reset ended it.',
  TimedOut: 'The connection was established and ended because the peer no longer answered.',
};

export const CLOSE_REASONS: Meanings<CloseReason> = {
  Finished: 'Both directions were ended by a FIN: each side said that it had no more to send.',
  HalfClosed:
    'The own FIN was acknowledged and the socket went before the FIN of the peer came: the usual end of the side that closes first. It proves that the kernel of the peer received everything; it does not prove that the peer was done.',
  ResetSent: 'This socket sent the reset.',
  ResetReceived: 'The peer, or something on the path that speaks in its name, sent the reset.',
  Reset: 'A reset ended it, and the socket cannot tell whose.',
  Refused: 'The first segment was answered by a reset: nothing listened there, or a firewall said so.',
  TimedOut: 'Retransmissions went unanswered until the kernel gave up.',
  Unreachable: 'An ICMP answer said that the address, the network or the port cannot be reached.',
  Abandoned: 'The local process gave up before the handshake completed.',
  Unknown: 'The socket ended in a way that proves none of the others.',
};

export const ENDPOINT_KINDS: Meanings<EndpointKind> = {
  Pod: 'A pod with a network of its own, or the one process of the host network that is known to be a pod.',
  Node: 'The host network of a Kubernetes node.',
  Service: 'The address of a Service; which pod answered is not known.',
  External: 'An address that nothing in the cluster owns.',
  Host: 'A process of this machine that belongs to no pod.',
  Unknown: 'Not known; the attribution reason says why.',
};

export const ATTRIBUTIONS: Meanings<Attribution> = {
  Exact: 'From the kernel: the socket itself, or the other half of the same connection.',
  Timeline:
    'One owner held the address at that time, as far as it is known: the reason says by what. An inventory knows no time and is only as right as it is fresh.',
  Ambiguous: 'Several owners are possible at that time; none is named.',
  Unknown: 'No owner is known; none is named.',
};

export const ADDRESS_TYPES: Meanings<AddressType> = {
  private: 'An address that never crosses the Internet (RFC 1918, RFC 6598, RFC 2544, RFC 4193).',
  public: 'Any other address.',
  loopback: '127.0.0.0/8 or ::1.',
  multicast: '224.0.0.0/4 or ff00::/8.',
  linkLocal: '169.254.0.0/16 or fe80::/10.',
  unspecified: '0.0.0.0 or ::.',
};

export const SCOPES: Meanings<NonNullable<Flow['scope']>> = {
  Local: 'Both ends are in one network namespace.',
  Node: 'Both ends are on this node, in different network namespaces.',
};

export const TRANSPORTS: Meanings<Flow['transport']> = { tcp: 'TCP', udp: 'UDP' };

export const NETWORK_TYPES: Meanings<Flow['type']> = {
  ipv4: 'IPv4, IPv4-mapped IPv6 addresses included.',
  ipv6: 'IPv6',
};

export const OBSERVERS: Meanings<Flow['observer']> = {
  source: 'This node saw the socket that opened the connection.',
  destination: 'This node saw the socket that accepted the connection.',
};

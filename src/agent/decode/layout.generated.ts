/** Generated from bpf/flow.h by `npm run generate`; do not edit. Offsets and sizes are bytes. */

export const TCP_FLOW = {
  size: 216,
  type: 0,
  family: 1,
  role: 2,
  lastState: 3,
  flags: 4,
  error: 6,
  sequence: 8,
  flowIdKey: 12,
  set: 16,
  pid: 20,
  processStartNs: 24,
  openedNs: 32,
  startNs: 40,
  endNs: 48,
  flowId: 56,
  bytesReceived: 64,
  bytesSent: 72,
  cgroupId: 80,
  netnsCookie: 88,
  farCgroupId: 96,
  farNetnsCookie: 104,
  localAddress: 112,
  remoteAddress: 128,
  localPort: 144,
  remotePort: 146,
  segmentsReceived: 148,
  segmentsSent: 152,
  retransmits: 156,
  srttUs: 160,
  rttvarUs: 164,
  rttMinUs: 168,
  handshakeUs: 172,
  sample: 176,
  relief: 180,
  executable: 184,
} as const;

export const LEDGER_ENTRY = {
  size: 56,
  observed: 0,
  lostRingFull: 8,
  lostTooManyConnections: 16,
  lostStorageUnavailable: 24,
  filteredDirection: 32,
  filteredPeer: 40,
  sampledOut: 48,
} as const;

export const NODE_COUNTERS = {
  size: 48,
  joined: 0,
  joinMissed: 8,
  joinAmbiguous: 16,
  unselected: 24,
  postponed: 32,
  takenOver: 40,
} as const;

export const SELECTION_CONTROL = {
  size: 16,
  generation: 0,
  defaultSet: 4,
  listed: 8,
  reserved: 12,
} as const;

export const SET_POLICY = {
  size: 40,
  activeNs: 0,
  idleNs: 8,
  sampledBelow: 16,
  role: 24,
  relief: 28,
  peers: 32,
  reserved: 36,
} as const;

export const PEER_LIST = {
  size: 40,
  anyAddress: 0,
  anyPort: 8,
  byLabel: 16,
  included: 24,
  includedOtherwise: 32,
  reserved: 36,
} as const;

export const PEER_KEY = {
  size: 28,
  prefixLength: 0,
  list: 4,
  kind: 8,
  value: 12,
} as const;

export const PASS_CONTROL = {
  size: 8,
  reportAll: 0,
  isFirst: 4,
} as const;

export const LEASE = {
  size: 24,
  untilNs: 0,
  lookedAt: 8,
  isOver: 16,
} as const;

export const PROGRAM_CONFIG = {
  size: 32,
  flowIdKey: 0,
  flowIdKeyNumber: 16,
  maxConnections: 20,
  joinMask: 24,
  reserved: 28,
} as const;

export const RECORD_TYPE = {
  tcp: 1,
} as const;

export const ROLE = {
  unknown: 0,
  active: 1,
  passive: 2,
} as const;

export const TCP_FLAG = {
  established: 1,
  finReceived: 2,
  finAcked: 4,
  receiveShut: 8,
  orphaned: 16,
  joined: 32,
  executableCut: 64,
  ended: 128,
  takenOver: 256,
} as const;

export const SET = {
  none: 0,
  unknown: 4294967295,
} as const;

export const PEER_KIND = {
  port: 1,
  ipv4: 4,
  ipv6: 6,
} as const;

export const UNMEASURED = {
  micros: 4294967295,
} as const;

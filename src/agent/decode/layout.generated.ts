/** Generated from bpf/flow.h by `npm run generate`; do not edit. Offsets and sizes are bytes. */

export const TCP_FLOW = {
  size: 192,
  type: 0,
  family: 1,
  role: 2,
  lastState: 3,
  flags: 4,
  flowIdKey: 5,
  error: 6,
  set: 8,
  pid: 12,
  processStartNs: 16,
  startNs: 24,
  endNs: 32,
  flowId: 40,
  bytesReceived: 48,
  bytesSent: 56,
  cgroupId: 64,
  netnsCookie: 72,
  farCgroupId: 80,
  farNetnsCookie: 88,
  localAddress: 96,
  remoteAddress: 112,
  localPort: 128,
  remotePort: 130,
  segmentsReceived: 132,
  segmentsSent: 136,
  retransmits: 140,
  srttUs: 144,
  rttvarUs: 148,
  rttMinUs: 152,
  handshakeUs: 156,
  executable: 160,
} as const;

export const LEDGER_ENTRY = {
  size: 32,
  observed: 0,
  lostRingFull: 8,
  lostTooManyConnections: 16,
  lostStorageUnavailable: 24,
} as const;

export const NODE_COUNTERS = {
  size: 32,
  joined: 0,
  joinMissed: 8,
  joinAmbiguous: 16,
  unselected: 24,
} as const;

export const SELECTION_CONTROL = {
  size: 16,
  generation: 0,
  defaultSet: 4,
  listed: 8,
  reserved: 12,
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
} as const;

export const SET = {
  none: 0,
  unknown: 4294967295,
} as const;

export const UNMEASURED = {
  micros: 4294967295,
} as const;

/** Decodes one TCP record of the ring buffer, by the offsets of `layout.generated.ts`; knows nothing of what it means. */
import { formatIpv4, formatIpv6 } from '../../lib/ip.ts';
import { RECORD_TYPE, TCP_FLAG, TCP_FLOW } from './layout.generated.ts';

/**
 * What the kernel program wrote of one interval of a connection; its end where `flags` say so. Counters are what was added in
 * it. Numbers are exact; times are CLOCK_MONOTONIC in microseconds.
 */
export interface TcpEvent {
  readonly family: number;
  readonly role: number;
  readonly lastState: number;
  readonly flags: number;
  readonly flowIdKey: number;
  readonly error: number;
  /** 0, 1, 2 … of the connection's records. */
  readonly sequence: number;
  readonly set: number;
  /** Thread group id; 0 when the process cannot be known. */
  readonly pid: number;
  /** CLOCK_BOOTTIME in microseconds: tells a process from a later one with the same pid. */
  readonly processStartMicros: number;
  /** When the connection began, or was taken over. */
  readonly openedMicros: number;
  /** When the interval began. */
  readonly startMicros: number;
  readonly endMicros: number;
  /** 16 hex digits; undefined when the handshake never completed. */
  readonly flowId: string | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly cgroupId: number;
  readonly netnsCookie: number;
  readonly farCgroupId: number;
  readonly farNetnsCookie: number;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly segmentsReceived: number;
  readonly segmentsSent: number;
  readonly retransmits: number;
  readonly rttMicros: number;
  readonly rttVarianceMicros: number;
  readonly rttMinMicros: number;
  readonly handshakeMicros: number;
  /** From 0 to 2^32 − 1: what sampling goes by. */
  readonly sample: number;
  /** Of the connections that captures want one in so many is taken, for want of memory or CPU. */
  readonly relief: number;
  /** Raw text of the kernel; hostile. Ends in `…` when the kernel program had no room for all of it; may be empty. */
  readonly executable: string;
}

const AF_INET6 = 10;
const EXECUTABLE_BYTES = TCP_FLOW.size - TCP_FLOW.executable;

/** Returns undefined for a record that is not one of this version: too short, or of another type. */
export function decodeTcp(view: DataView, at: number, length: number): TcpEvent | undefined {
  if (length < TCP_FLOW.size || view.getUint8(at + TCP_FLOW.type) !== RECORD_TYPE.tcp) return undefined;
  const family = view.getUint8(at + TCP_FLOW.family);
  return {
    family,
    role: view.getUint8(at + TCP_FLOW.role),
    lastState: view.getUint8(at + TCP_FLOW.lastState),
    flags: view.getUint16(at + TCP_FLOW.flags, true),
    flowIdKey: view.getUint32(at + TCP_FLOW.flowIdKey, true),
    error: view.getUint16(at + TCP_FLOW.error, true),
    sequence: view.getUint32(at + TCP_FLOW.sequence, true),
    set: view.getUint32(at + TCP_FLOW.set, true),
    pid: view.getUint32(at + TCP_FLOW.pid, true),
    processStartMicros: micros(view, at + TCP_FLOW.processStartNs),
    openedMicros: micros(view, at + TCP_FLOW.openedNs),
    startMicros: micros(view, at + TCP_FLOW.startNs),
    endMicros: micros(view, at + TCP_FLOW.endNs),
    flowId: hex64(view, at + TCP_FLOW.flowId),
    bytesReceived: uint64(view, at + TCP_FLOW.bytesReceived),
    bytesSent: uint64(view, at + TCP_FLOW.bytesSent),
    cgroupId: uint64(view, at + TCP_FLOW.cgroupId),
    netnsCookie: uint64(view, at + TCP_FLOW.netnsCookie),
    farCgroupId: uint64(view, at + TCP_FLOW.farCgroupId),
    farNetnsCookie: uint64(view, at + TCP_FLOW.farNetnsCookie),
    localAddress: address(view, at + TCP_FLOW.localAddress, family),
    remoteAddress: address(view, at + TCP_FLOW.remoteAddress, family),
    localPort: view.getUint16(at + TCP_FLOW.localPort, true),
    remotePort: view.getUint16(at + TCP_FLOW.remotePort, true),
    segmentsReceived: view.getUint32(at + TCP_FLOW.segmentsReceived, true),
    segmentsSent: view.getUint32(at + TCP_FLOW.segmentsSent, true),
    retransmits: view.getUint32(at + TCP_FLOW.retransmits, true),
    rttMicros: view.getUint32(at + TCP_FLOW.srttUs, true),
    rttVarianceMicros: view.getUint32(at + TCP_FLOW.rttvarUs, true),
    rttMinMicros: view.getUint32(at + TCP_FLOW.rttMinUs, true),
    handshakeMicros: view.getUint32(at + TCP_FLOW.handshakeUs, true),
    sample: view.getUint32(at + TCP_FLOW.sample, true),
    relief: view.getUint32(at + TCP_FLOW.relief, true) || 1,
    executable: executable(view, at),
  };
}

/** Counters and ids of the kernel stay far below 2^53; a double holds them exactly. */
function uint64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);
}

function micros(view: DataView, at: number): number {
  return Math.floor(uint64(view, at) / 1000);
}

function hex64(view: DataView, at: number): string | undefined {
  const high = view.getUint32(at + 4, true);
  const low = view.getUint32(at, true);
  if (high === 0 && low === 0) return undefined;
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** An IPv4-mapped IPv6 address is shown as IPv4. */
function address(view: DataView, at: number, family: number): string {
  return family === AF_INET6 ? formatIpv6(view, at) : formatIpv4(view, at);
}

const decoder = new TextDecoder();
const ASCII_LIMIT = 0x80;

function executable(view: DataView, at: number): string {
  const name = text(view, at + TCP_FLOW.executable, EXECUTABLE_BYTES);
  const isCut = (view.getUint16(at + TCP_FLOW.flags, true) & TCP_FLAG.executableCut) !== 0;
  return isCut ? `${name}…` : name;
}

function text(view: DataView, at: number, capacity: number): string {
  let plain = '';
  for (let index = 0; index < capacity; index++) {
    const byte = view.getUint8(at + index);
    if (byte === 0) return plain;
    if (byte >= ASCII_LIMIT) return utf8(view, at, capacity);
    plain += String.fromCharCode(byte);
  }
  return plain;
}

function utf8(view: DataView, at: number, capacity: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, capacity);
  const end = bytes.indexOf(0);
  return decoder.decode(bytes.subarray(0, end < 0 ? capacity : end));
}

import { TCP_FLOW } from '../../../src/agent/decode/layout.generated.ts';
import type { TcpEvent } from '../../../src/agent/decode/tcp.ts';

/** A finished connection that this machine opened: 198.18.0.1:40000 → 198.18.0.2:80, 1.5 s long. */
export function tcpEvent(parts: Partial<TcpEvent> = {}): TcpEvent {
  return {
    family: 2,
    role: 1,
    lastState: 5,
    flags: 135,
    flowIdKey: 9,
    error: 0,
    sequence: 0,
    set: 1,
    pid: 4242,
    processStartMicros: 5_000_000,
    openedMicros: 10_000_000,
    startMicros: 10_000_000,
    endMicros: 11_500_000,
    flowId: '0123456789abcdef',
    bytesReceived: 2048,
    bytesSent: 517,
    cgroupId: 1,
    netnsCookie: 1,
    farCgroupId: 0,
    farNetnsCookie: 0,
    localAddress: '198.18.0.1',
    remoteAddress: '198.18.0.2',
    localPort: 40_000,
    remotePort: 80,
    segmentsReceived: 4,
    segmentsSent: 2,
    retransmits: 1,
    rttMicros: 840,
    rttVarianceMicros: 120,
    rttMinMicros: 610,
    sample: 0x01234567,
    relief: 1,
    handshakeMicros: 900,
    executable: 'curl',
    ...parts,
  };
}

export type RecordField = Exclude<keyof typeof TCP_FLOW, 'size'>;

const OFFSETS = Object.entries(TCP_FLOW).filter(([name]) => name !== 'size');

/** A record of the ring with these bytes at these fields and zeros elsewhere; numbers are little-endian. */
export function tcpRecord(fields: Partial<Record<RecordField, number | bigint | Uint8Array>>): Uint8Array {
  const record = new Uint8Array(TCP_FLOW.size);
  for (const [name, value] of Object.entries(fields)) {
    const at = OFFSETS.find(([field]) => field === name)?.[1];
    if (at === undefined) throw new Error(`no field ${name}`);
    const end = OFFSETS.map(([, offset]) => offset).find((offset) => offset > at) ?? TCP_FLOW.size;
    record.set(value instanceof Uint8Array ? value : littleEndian(BigInt(value), end - at), at);
  }
  return record;
}

function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TCP_FLAG, TCP_FLOW } from '../../../../src/agent/decode/layout.generated.ts';
import { decodeTcp, type TcpEvent } from '../../../../src/agent/decode/tcp.ts';
import { canonicalAddress } from '../../../../src/lib/address-type.ts';
import { type RecordField, tcpRecord } from '../events.ts';

const EXECUTABLE_BYTES = TCP_FLOW.size - TCP_FLOW.executable;

type Fields = Partial<Record<RecordField, number | bigint | Uint8Array>>;

function decode(fields: Fields): TcpEvent | undefined {
  return decodeBytes(tcpRecord({ type: 1, family: 2, ...fields }));
}

function decodeBytes(bytes: Uint8Array): TcpEvent | undefined {
  return decodeTcp(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength);
}

function address(...bytes: number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

describe('a TCP record', () => {
  it('is decoded field by field', () => {
    expect(
      decode({
        role: 2,
        lastState: 9,
        flags: 0x127,
        flowIdKey: 3,
        error: 104,
        sequence: 7,
        set: 1023,
        pid: 4_194_304,
        processStartNs: 1_000_999n,
        openedNs: 4_000_000_001_999n,
        startNs: 5_000_000_001_999n,
        endNs: 5_000_000_002_000n,
        flowId: 0x0123456789abcdefn,
        bytesReceived: 2n ** 40n + 1n,
        bytesSent: 12n,
        cgroupId: 4_294_967_297n,
        netnsCookie: 13n,
        farCgroupId: 14n,
        farNetnsCookie: 15n,
        localAddress: address(198, 18, 0, 1),
        remoteAddress: address(203, 0, 113, 255),
        localPort: 65_535,
        remotePort: 80,
        segmentsReceived: 16,
        segmentsSent: 17,
        retransmits: 18,
        srttUs: 19,
        rttvarUs: 20,
        rttMinUs: 21,
        handshakeUs: 0xffffffff,
        sample: 0x0badcafe,
        relief: 0,
        executable: new TextEncoder().encode('nginx'),
      }),
    ).toEqual({
      family: 2,
      role: 2,
      lastState: 9,
      flags: 0x127,
      flowIdKey: 3,
      error: 104,
      sequence: 7,
      set: 1023,
      pid: 4_194_304,
      processStartMicros: 1000,
      openedMicros: 4_000_000_001,
      startMicros: 5_000_000_001,
      endMicros: 5_000_000_002,
      flowId: '0123456789abcdef',
      bytesReceived: 1_099_511_627_777,
      bytesSent: 12,
      cgroupId: 4_294_967_297,
      netnsCookie: 13,
      farCgroupId: 14,
      farNetnsCookie: 15,
      localAddress: '198.18.0.1',
      remoteAddress: '203.0.113.255',
      localPort: 65_535,
      remotePort: 80,
      segmentsReceived: 16,
      segmentsSent: 17,
      retransmits: 18,
      rttMicros: 19,
      rttVarianceMicros: 20,
      rttMinMicros: 21,
      handshakeMicros: 0xffffffff,
      sample: 0x0badcafe,
      relief: 1,
      executable: 'nginx',
    });
  });

  it.each([
    ['IPv6', address(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '2001:db8::1'],
    ['IPv4-mapped IPv6 as IPv4', address(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 1), '198.18.0.1'],
  ])('shows %s', (_, bytes, text) => {
    expect(decode({ family: 10, localAddress: bytes, remoteAddress: bytes })).toMatchObject({
      localAddress: text,
      remoteAddress: text,
    });
  });

  it.each([
    ['absent when it is zero', 0n, undefined],
    ['16 digits when it begins with zeros', 0x0a0b0cn, '00000000000a0b0c'],
    ['16 digits when its lower half is zero', 0xf000000000000000n, 'f000000000000000'],
    ['the greatest there is', 0xffffffffffffffffn, 'ffffffffffffffff'],
  ])('has a flow id that is %s', (_, flowId, text) => {
    expect(decode({ flowId })?.flowId).toBe(text);
  });

  it.each([
    ['ends at the first NUL', [0x61, 0x62, 0, 0x63], 'ab'],
    ['may be empty', [0, 0x61], ''],
    ['may fill its field without a NUL', Array.from({ length: 24 }, () => 0x78), 'x'.repeat(24)],
    ['is UTF-8', [...Buffer.from('café')], 'café'],
    ['has U+FFFD where it is not UTF-8', [0x61, 0xff, 0xfe, 0x62], 'a\ufffd\ufffdb'],
    ['has U+FFFD where a character was cut', [...Buffer.alloc(23, 'y'), 0xc3], `${'y'.repeat(23)}\ufffd`],
    ['keeps control characters, which encoders escape', [0x1b, 0x5b, 0x32, 0x4a], '\u001b[2J'],
  ])('has an executable that %s', (_, bytes, text) => {
    expect(decode({ executable: Uint8Array.from(bytes) })?.executable).toBe(text);
  });

  it('is read where it lies in the ring', () => {
    const ring = new Uint8Array(8 + TCP_FLOW.size + 64);
    ring.set(tcpRecord({ type: 1, family: 2, pid: 77, executable: Buffer.from('añb') }), 8);
    expect(decodeTcp(new DataView(ring.buffer), 8, TCP_FLOW.size)).toMatchObject({ pid: 77, executable: 'añb' });
  });
});

describe('what is no TCP record of this version', () => {
  it.each([0, 2, 255])('is told by its type %d', (type) => {
    expect(decode({ type })).toBeUndefined();
  });

  it('is told by its length, whatever the length', () => {
    const whole = tcpRecord({ type: 1, family: 2 });
    for (let length = 0; length < TCP_FLOW.size; length++) {
      expect(decodeBytes(whole.slice(0, length))).toBeUndefined();
    }
    expect(decodeBytes(whole)).toBeDefined();
  });

  it('may be longer: a later version has appended to it', () => {
    const longer = new Uint8Array(TCP_FLOW.size + 8);
    longer.set(tcpRecord({ type: 1, family: 2, pid: 5 }));
    expect(decodeBytes(longer)?.pid).toBe(5);
  });
});

describe('random bytes', () => {
  it('mark an executable whose name the kernel program had no room for', () => {
    const name = Buffer.from('a'.repeat(EXECUTABLE_BYTES - 1));
    expect(decode({ executable: name, flags: 0 })?.executable).toBe('a'.repeat(EXECUTABLE_BYTES - 1));
    expect(decode({ executable: name, flags: TCP_FLAG.executableCut })?.executable).toBe(
      `${'a'.repeat(EXECUTABLE_BYTES - 1)}…`,
    );
  });

  it('never throw, and give an event of non-negative integers and addresses, or none', () => {
    const random = fc.uint8Array({ minLength: 0, maxLength: TCP_FLOW.size + 16 });
    const plausible = fc
      .uint8Array({ minLength: TCP_FLOW.size, maxLength: TCP_FLOW.size + 16 })
      .map((bytes) => bytes.with(0, 1));
    fc.assert(
      fc.property(fc.oneof(random, plausible), (bytes) => {
        const event = decodeBytes(bytes);
        expect(event !== undefined).toBe(bytes.length >= TCP_FLOW.size && bytes[0] === 1);
        if (event === undefined) return;
        const numbers = Object.values(event).filter((value) => typeof value === 'number');
        expect(numbers.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
        expect(canonicalAddress(event.localAddress)).toBe(event.localAddress);
        expect(canonicalAddress(event.remoteAddress)).toBe(event.remoteAddress);
        expect(event.flowId ?? '0123456789abcdef').toMatch(/^[0-9a-f]{16}$/);
        expect(event.executable.length).toBeLessThanOrEqual(EXECUTABLE_BYTES + 1);
        expect(event.executable).not.toContain('\0');
      }),
      { numRuns: 500 },
    );
  });
});

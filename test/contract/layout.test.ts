import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { LAYOUT_FILE, readBtf, renderLayout } from '../../scripts/generate-layout.ts';
import { SET } from '../../src/agent/decode/layout.generated.ts';
import { decodeTcp } from '../../src/agent/decode/tcp.ts';
import { MAX_SET, SET_NONE, SET_UNKNOWN } from '../../src/plan/sets.ts';
import { type BtfStructWriter, structWriter } from '../support/btf-writer.ts';

describe('flow.h and the decoder', () => {
  test('the generated layout is what flow.h compiles to now', () => {
    expect(readFileSync(LAYOUT_FILE, 'utf8')).toBe(renderLayout(readBtf()));
  });

  test('no struct of the contract has padding: what crosses the ring is all written', () => {
    for (const type of readBtf().filter(({ kind }) => kind === 'STRUCT')) {
      const writer = structWriter(type.name);
      expect([type.name, writer.fieldBytes]).toEqual([type.name, type.size]);
    }
  });

  test('every field that flow.h has is decoded, at its offset and with its width', () => {
    const writer: BtfStructWriter = structWriter('tcp_flow');
    // Each byte of each field differs, so that a field read at a wrong place or width shows.
    writer
      .set('type', 1)
      .set('family', 10)
      .set('role', 2)
      .set('last_state', 9)
      .set('flags', 0x013f)
      .set('flow_id_key', 0x71727374)
      .set('sequence', 0x51525354);
    writer.set('error', 0x0168).set('set', 0x01020304).set('pid', 0x11121314);
    writer.set('process_start_ns', 0x0000_1122_3344_5566n).set('start_ns', 0x0000_2122_3344_5566n);
    writer.set('opened_ns', 0x0000_4122_3344_5566n);
    writer.set('end_ns', 0x0000_3122_3344_5566n).set('flow_id', 0xfedc_ba98_7654_3210n);
    writer.set('bytes_received', 0x0001_0203_0405_0607n).set('bytes_sent', 0x0011_1213_1415_1617n);
    writer.set('cgroup_id', 0x0000_0000_8182_8384n).set('netns_cookie', 0x0000_0000_9192_9394n);
    writer.set('far_cgroup_id', 0x0000_0000_a1a2_a3a4n).set('far_netns_cookie', 0x0000_0000_b1b2_b3b4n);
    writer.setBytes('local_address', Buffer.from('20010db8000000000000000000000001', 'hex'));
    writer.setBytes('remote_address', Buffer.from('00000000000000000000ffffc6336407', 'hex'));
    writer.set('local_port', 0xc001).set('remote_port', 0x01bb).set('segments_received', 0xd1d2d3d4);
    writer.set('segments_sent', 0xe1e2e3e4).set('retransmits', 0x0f1f2f3f).set('srtt_us', 0x01f2f3f4);
    writer.set('rttvar_us', 0x02f2f3f4).set('rtt_min_us', 0x03f2f3f4).set('handshake_us', 0x04f2f3f4);
    writer.set('sample', 0x05f2f3f4).set('relief', 0x06f2f3f4);
    writer.setBytes('executable', Buffer.from('nginx'));
    expect(writer.unset).toEqual([]);

    expect(decodeTcp(writer.view, 0, writer.view.byteLength)).toEqual({
      family: 10,
      role: 2,
      lastState: 9,
      flags: 0x013f,
      flowIdKey: 0x71727374,
      sequence: 0x51525354,
      error: 0x0168,
      set: 0x01020304,
      pid: 0x11121314,
      processStartMicros: Math.floor(0x0000_1122_3344_5566 / 1000),
      openedMicros: Math.floor(0x0000_4122_3344_5566 / 1000),
      startMicros: Math.floor(0x0000_2122_3344_5566 / 1000),
      endMicros: Math.floor(0x0000_3122_3344_5566 / 1000),
      flowId: 'fedcba9876543210',
      bytesReceived: 0x0001_0203_0405_0607,
      bytesSent: 0x0011_1213_1415_1617,
      cgroupId: 0x81828384,
      netnsCookie: 0x91929394,
      farCgroupId: 0xa1a2a3a4,
      farNetnsCookie: 0xb1b2b3b4,
      localAddress: '2001:db8::1',
      remoteAddress: '198.51.100.7',
      localPort: 0xc001,
      remotePort: 443,
      segmentsReceived: 0xd1d2d3d4,
      segmentsSent: 0xe1e2e3e4,
      retransmits: 0x0f1f2f3f,
      rttMicros: 0x01f2f3f4,
      rttVarianceMicros: 0x02f2f3f4,
      rttMinMicros: 0x03f2f3f4,
      handshakeMicros: 0x04f2f3f4,
      sample: 0x05f2f3f4,
      relief: 0x06f2f3f4,
      executable: 'nginx',
    });
  });

  test('the numbers that stand for a set mean the same in the plan and in the kernel', () => {
    expect([SET.none, SET.unknown]).toEqual([SET_NONE, SET_UNKNOWN]);
    const maps = readFileSync(new URL('../../bpf/maps.bpf.h', import.meta.url), 'utf8');
    const ledger = /max_entries, (\d+)\)[^{}]*\} ledger SEC/.exec(maps)?.[1];
    expect(Number(ledger)).toBe(MAX_SET + 1);
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ndjsonEncoder } from '../../../../src/export/encode/ndjson.ts';
import { CATALOGUE, selectFields } from '../../../../src/record/catalogue.ts';
import type { Flow, Identity } from '../../../../src/record/flow.ts';
import { checkout, flow, nobody, side, tcp } from '../flows.ts';

const encode = ndjsonEncoder();

function line(record: Flow): string {
  return encode([record]).toString();
}

function parsed(record: Flow): Record<string, unknown> {
  const value: unknown = JSON.parse(line(record));
  return Object.fromEntries(Object.entries(value ?? {}));
}

function identity(mark: string): Identity {
  return {
    kind: 'Pod',
    namespace: `${mark}-namespace`,
    podName: `${mark}-pod`,
    podUid: `${mark}-uid`,
    ownerType: `${mark}-type`,
    ownerName: `${mark}-owner`,
    serviceName: `${mark}-service`,
    nodeName: `${mark}-node`,
  };
}

/** Every field has a value, and no two fields of one type have the same. */
const full: Flow = {
  start: 1_795_291_200_000_042,
  end: 1_795_291_201_500_043,
  state: 'Reset',
  sequence: 1,
  id: '0123456789abcdef',
  idKey: 2,
  scope: 'Local',
  transport: 'tcp',
  type: 'ipv6',
  source: {
    address: '2001:db8::1',
    port: 3,
    addressType: 'public',
    bytes: 4,
    packets: 5,
    identity: identity('s'),
    attribution: 'Exact',
    attributionReason: 'foreignProcess',
    proxy: identity('sp'),
  },
  destination: {
    address: '2001:db8::2',
    port: 6,
    addressType: 'private',
    bytes: Number.MAX_SAFE_INTEGER,
    packets: 4_294_967_296,
    identity: identity('d'),
    attribution: 'Timeline',
    attributionReason: 'held',
    proxy: identity('dp'),
  },
  tcp: {
    rtt: 7,
    rttVariance: 8,
    rttMin: 9,
    retransmits: 10,
    handshakeDuration: 11,
    established: 1,
    closed: 0,
    closeReason: 'ResetSent',
    takenOver: true,
  },
  process: { pid: 12, executableName: 'nginx' },
  containerId: 'c0ffee',
  capture: ['shop/checkout', 'shop/all'],
  samplingOneIn: 13,
  cluster: 'blue',
  observer: 'destination',
  node: 'node-a',
};

function ownerMembers(prefix: string, mark: string): [string, string][] {
  return [
    [`${prefix}.k8s.namespace.name`, `${mark}-namespace`],
    [`${prefix}.k8s.pod.name`, `${mark}-pod`],
    [`${prefix}.k8s.pod.uid`, `${mark}-uid`],
    [`${prefix}.k8s.owner.type`, `${mark}-type`],
    [`${prefix}.k8s.owner.name`, `${mark}-owner`],
    [`${prefix}.k8s.service.name`, `${mark}-service`],
    [`${prefix}.k8s.node.name`, `${mark}-node`],
  ];
}

const fullMembers: [string, unknown][] = [
  ['start', '2026-11-21T20:00:00.000042Z'],
  ['end', '2026-11-21T20:00:01.500043Z'],
  ['flow.state', 'Reset'],
  ['flow.sequence', 1],
  ['flow.id', '0123456789abcdef'],
  ['flow.id.key', 2],
  ['flow.scope', 'Local'],
  ['network.transport', 'tcp'],
  ['network.type', 'ipv6'],
  ['source.address', '2001:db8::1'],
  ['source.port', 3],
  ['destination.address', '2001:db8::2'],
  ['destination.port', 6],
  ['source.bytes', 4],
  ['destination.bytes', 9_007_199_254_740_991],
  ['source.packets', 5],
  ['destination.packets', 4_294_967_296],
  ['tcp.rtt', 7],
  ['tcp.rtt.variance', 8],
  ['tcp.rtt.min', 9],
  ['tcp.retransmits', 10],
  ['tcp.handshake.duration', 11],
  ['tcp.established', 1],
  ['tcp.closed', 0],
  ['tcp.close.reason', 'ResetSent'],
  ['tcp.taken_over', true],
  ['process.pid', 12],
  ['process.executable.name', 'nginx'],
  ['container.id', 'c0ffee'],
  ...ownerMembers('source', 's'),
  ['source.kind', 'Pod'],
  ['source.address.type', 'public'],
  ...ownerMembers('destination', 'd'),
  ['destination.kind', 'Pod'],
  ['destination.address.type', 'private'],
  ['source.attribution', 'Exact'],
  ['source.attribution.reason', 'foreignProcess'],
  ...ownerMembers('source.proxy', 'sp'),
  ['destination.attribution', 'Timeline'],
  ['destination.attribution.reason', 'held'],
  ...ownerMembers('destination.proxy', 'dp'),
  ['capture', ['shop/checkout', 'shop/all']],
  ['sampling.one_in', 13],
  ['k8s.cluster.name', 'blue'],
  ['observer', 'destination'],
  ['node', 'node-a'],
];

describe('a record', () => {
  test('has every field of the catalogue, by its name, in its order, with its own value', () => {
    const expected = `${JSON.stringify(Object.fromEntries(fullMembers))}\n`;
    expect(line(full)).toBe(expected);
    expect(fullMembers.map(([name]) => name)).toEqual(CATALOGUE.map((field) => field.name));
  });

  test('is the same when its shared parts were encoded before', () => {
    expect(line(full)).toBe(line(full));
  });

  test('leaves out what the flow does not have', () => {
    const bare = flow({
      id: undefined,
      idKey: undefined,
      scope: undefined,
      source: side(),
      destination: side(),
      tcp: undefined,
      process: undefined,
      transport: 'udp',
    });
    expect(parsed(bare)).toEqual({
      start: '2026-11-21T20:00:00.000042Z',
      end: '2026-11-21T20:00:01.500042Z',
      'flow.state': 'Closed',
      'flow.sequence': 0,
      'network.transport': 'udp',
      'network.type': 'ipv4',
      'source.address': '198.18.0.1',
      'source.port': 43210,
      'destination.address': '198.18.0.1',
      'destination.port': 43210,
      'source.bytes': 0,
      'destination.bytes': 0,
      'source.packets': 0,
      'destination.packets': 0,
      'source.kind': 'External',
      'source.address.type': 'private',
      'destination.kind': 'External',
      'destination.address.type': 'private',
      'source.attribution': 'Unknown',
      'destination.attribution': 'Unknown',
      capture: ['shop/checkout'],
      'sampling.one_in': 1,
      observer: 'source',
      node: 'node-a',
    });
  });

  test('names each side by its own identity where both sides share one', () => {
    const self = flow({ source: side({ identity: checkout }), destination: side({ identity: checkout }) });
    const record = parsed(self);
    expect(record['source.k8s.owner.name']).toBe('checkout');
    expect(record['destination.k8s.owner.name']).toBe('checkout');
    expect(Object.keys(record).filter((name) => name.includes('proxy'))).toEqual([]);
  });

  test('keeps apart identities that differ', () => {
    const [a, b] = [identity('a'), identity('b')];
    const records = [a, b, a].map((owner) => parsed(flow({ source: side({ identity: owner }) })));
    expect(records.map((record) => record['source.k8s.pod.name'])).toEqual(['a-pod', 'b-pod', 'a-pod']);
  });
});

describe('fields', () => {
  test('a subset has these fields only', () => {
    const subset = ndjsonEncoder(selectFields(['start', 'source.bytes', 'destination.k8s.pod.name', 'capture']));
    expect(subset([full]).toString()).toBe(
      '{"start":"2026-11-21T20:00:00.000042Z","source.bytes":4,"destination.k8s.pod.name":"d-pod","capture":["shop/checkout","shop/all"]}\n',
    );
  });

  test('a subset of which the flow has nothing is an empty object', () => {
    const subset = ndjsonEncoder(selectFields(['process.pid', 'source.proxy.k8s.pod.name']));
    expect(subset([flow({ process: undefined })]).toString()).toBe('{}\n');
  });
});

describe('times', () => {
  test.each([
    ['the epoch', 0, '1970-01-01T00:00:00.000000Z'],
    ['one µs before a second', 1_999_999, '1970-01-01T00:00:01.999999Z'],
    ['the whole second after it', 2_000_000, '1970-01-01T00:00:02.000000Z'],
    ['a leap day', 1_709_164_800_000_001, '2024-02-29T00:00:00.000001Z'],
  ])('%s', (_name, micros, expected) => {
    expect(parsed(flow({ start: micros }))['start']).toBe(expected);
  });

  test('are right whatever was written before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4_102_444_800_000_000 }), { minLength: 1, maxLength: 20 }), (times) => {
        for (const micros of times) {
          const text = String(parsed(flow({ start: micros }))['start']);
          const fraction = Number(text.slice(-'123456Z'.length, -1));
          expect(Date.parse(`${text.slice(0, -'.123456Z'.length)}Z`) * 1000 + fraction).toBe(micros);
        }
      }),
    );
  });
});

function executable(name: string): unknown {
  return parsed(flow({ process: { pid: 1, executableName: name } }))['process.executable.name'];
}

describe('hostile text', () => {
  test('comes back as it was, and never as a byte that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const record = flow({ process: { pid: 1, executableName: name } });
        expect(executable(name)).toBe(name);
        expect(line(record).slice(0, -1)).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test('is cut at the limit of the catalogue and marked', () => {
    expect(executable('x'.repeat(10_240))).toBe(`${'x'.repeat(254)}…`);
  });

  test('in more values than the dictionary keeps is still right', () => {
    const names = Array.from({ length: 2500 }, (_, index) => `process-${index % 1500}`);
    expect(names.map(executable)).toEqual(names);
  });

  test('in the name of a capture is escaped and cut', () => {
    const capture = ['a"\x1b', 'n'.repeat(400)];
    expect(parsed(flow({ capture }))['capture']).toEqual(['a"\x1b', `${'n'.repeat(316)}…`]);
  });
});

test('a batch is one line for each flow, beyond the first size of the buffer', () => {
  const batch = Array.from({ length: 2000 }, (_, sequence) => flow({ sequence, source: side({ identity: nobody }) }));
  const lines = encode(batch).toString().split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.map((text) => JSON.parse(text)['flow.sequence'])).toEqual(batch.map((record) => record.sequence));
});

test('numbers are written to the last digit', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (rtt) => {
      expect(parsed(flow({ tcp: tcp({ rtt }) }))['tcp.rtt']).toBe(rtt);
    }),
  );
});

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Naming, tcpFlow } from '../../../../src/agent/attribute/tcp-flow.ts';
import { ROLE, TCP_FLAG } from '../../../../src/agent/decode/layout.generated.ts';
import type { TcpEvent } from '../../../../src/agent/decode/tcp.ts';
import { WallClock } from '../../../../src/agent/decode/wall-clock.ts';
import { CgroupOwners } from '../../../../src/agent/identify/cgroup-owners.ts';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { EXTERNAL, HOST } from '../../../../src/attribution/identities.ts';
import { NetnsOwners } from '../../../../src/attribution/netns-owners.ts';
import { StaticOwners } from '../../../../src/attribution/static-owners.ts';
import { canonicalAddress } from '../../../../src/lib/address-type.ts';
import type { Flow, Side } from '../../../../src/record/flow.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';
import { tcpEvent } from '../events.ts';
import { inventoryOf } from '../pods.ts';

const CONTAINER = 'c'.repeat(64);
const OFFSET = 1_795_291_200_000_000;
const PODS = inventoryOf({
  web: { cgroup: '/pods/web', ip: '198.18.0.1' },
  db: { cgroup: '/pods/db', ip: '198.18.0.2' },
});
const [WEB, DB] = PODS.pods.map(({ identity }) => identity);

let directories: TemporaryTree;
let tree: CgroupTree;
let ids: { readonly web: number; readonly db: number; readonly host: number };

beforeAll(() => {
  directories = new TemporaryTree();
  const web = directories.make(`/pods/web/docker/${CONTAINER}`);
  const db = directories.make('/pods/db');
  tree = new CgroupTree(directories.mount, () => 0);
  ids = { web, db, host: directories.id('/') };
});
afterAll(() => directories[Symbol.dispose]());

function naming(): Naming {
  const known = { owners: new StaticOwners(PODS.pods), isOwnAddress: (address: string) => address === '192.0.2.1' };
  return {
    node: 'node-a',
    clock: new WallClock(() => OFFSET),
    cgroups: new CgroupOwners(tree, PODS, undefined),
    netns: new NetnsOwners(),
    local: known,
    far: known,
  };
}

function flowOf(parts: Partial<TcpEvent>): Flow {
  return tcpFlow(tcpEvent({ cgroupId: ids.web, ...parts }), naming());
}

function idOf(name: string): number {
  return new Map<string, number>(Object.entries(ids)).get(name) ?? 1;
}

function podNameIsAPods({ identity, proxy }: Side): boolean {
  return [identity, proxy].every((named) => named?.podName === undefined || named.kind === 'Pod');
}

describe('a connection that this machine opened', () => {
  it('has the local side as source', () => {
    const joined = { flags: 7 | TCP_FLAG.ended | TCP_FLAG.joined, farCgroupId: ids.db, farNetnsCookie: 2 };
    expect(flowOf({ role: ROLE.active, ...joined })).toEqual({
      start: OFFSET + 10_000_000,
      end: OFFSET + 11_500_000,
      state: 'Closed',
      sequence: 0,
      id: '0123456789abcdef',
      idKey: 9,
      scope: 'Node',
      transport: 'tcp',
      type: 'ipv4',
      source: {
        address: '198.18.0.1',
        port: 40_000,
        addressType: 'private',
        bytes: 517,
        packets: 2,
        identity: WEB,
        attribution: 'Exact',
        attributionReason: undefined,
        proxy: undefined,
      },
      destination: {
        address: '198.18.0.2',
        port: 80,
        addressType: 'private',
        bytes: 2048,
        packets: 4,
        identity: DB,
        attribution: 'Exact',
        attributionReason: undefined,
        proxy: undefined,
      },
      tcp: {
        rtt: 840,
        rttVariance: 120,
        rttMin: 610,
        retransmits: 1,
        handshakeDuration: 900,
        established: 1,
        closed: 1,
        closeReason: 'Finished',
        takenOver: undefined,
      },
      process: { pid: 4242, executableName: 'curl' },
      containerId: CONTAINER,
      capture: [],
      samplingOneIn: 1,
      cluster: undefined,
      observer: 'source',
      node: 'node-a',
    });
  });
});

describe('a connection that this machine accepted', () => {
  it('has the local side as destination, with what each side sent', () => {
    const { source, destination, observer } = flowOf({ role: ROLE.passive });
    expect(observer).toBe('destination');
    expect([source.address, source.port, source.bytes, source.packets]).toEqual(['198.18.0.2', 80, 2048, 4]);
    expect([destination.address, destination.port, destination.bytes, destination.packets]).toEqual([
      '198.18.0.1',
      40_000,
      517,
      2,
    ]);
    expect([source.identity, destination.identity]).toEqual([DB, WEB]);
  });
});

describe('what cannot be known is left out', () => {
  it.each<[string, Partial<TcpEvent>, Partial<Flow>]>([
    ['the flow id of a handshake that never completed', { flowId: undefined }, { id: undefined, idKey: undefined }],
    ['the process', { pid: 0, executable: 'left over' }, { process: undefined }],
    ['the container of what runs outside of one', { cgroupId: 0 }, { containerId: undefined }],
    ['the scope without the other half', { flags: 7, farNetnsCookie: 1, netnsCookie: 1 }, { scope: undefined }],
  ])('%s', (_, event, expected) => {
    expect(flowOf(event)).toMatchObject(expected);
  });

  it.each<[string, Partial<TcpEvent>, Partial<Flow['tcp'] & object>]>([
    ['the round trip when none was measured', { rttMicros: 0 }, { rtt: undefined, rttVariance: undefined }],
    ['the least round trip', { rttMinMicros: 0xffffffff }, { rttMin: undefined }],
    ['the duration of the handshake', { handshakeMicros: 0xffffffff }, { handshakeDuration: undefined }],
  ])('%s', (_, event, expected) => {
    expect(flowOf(event).tcp).toMatchObject(expected);
  });

  it('a least round trip of less than a microsecond is 0, which is known', () => {
    expect(flowOf({ rttMinMicros: 0 }).tcp?.rttMin).toBe(0);
  });
});

describe('both ends', () => {
  it.each([
    ['in one network namespace are Local', 1, 'Local'],
    ['in two of one machine are Node', 2, 'Node'],
  ])('%s', (_, farNetnsCookie, scope) => {
    const { scope: found } = flowOf({
      flags: 7 | TCP_FLAG.joined,
      farCgroupId: ids.db,
      netnsCookie: 1,
      farNetnsCookie,
    });
    expect(found).toBe(scope);
  });

  it('of IPv6 are IPv6, and IPv4-mapped ones, which the decoder shows as IPv4, are IPv4', () => {
    const ipv6 = flowOf({ family: 10, localAddress: '2001:db8::1', remoteAddress: '2001:db8::2' });
    const mapped = flowOf({ family: 10, localAddress: '198.18.0.1', remoteAddress: '198.18.0.2' });
    expect([ipv6.type, mapped.type]).toEqual(['ipv6', 'ipv4']);
  });

  it('are named by the other half, not by the address that was dialled', () => {
    const joined = { flags: 7 | TCP_FLAG.joined, farCgroupId: ids.db, farNetnsCookie: 2 };
    const { destination } = flowOf({ ...joined, remoteAddress: '198.18.99.9' });
    expect(destination).toMatchObject({ address: '198.18.99.9', identity: DB, attribution: 'Exact' });
  });

  it('are this machine and nobody that is known, when neither is a pod', () => {
    const { source, destination } = flowOf({
      cgroupId: ids.host,
      localAddress: '192.0.2.1',
      remoteAddress: '203.0.113.1',
    });
    expect(source).toMatchObject({ identity: HOST, attribution: 'Exact' });
    expect(destination).toMatchObject({
      identity: EXTERNAL,
      attribution: 'Unknown',
      attributionReason: 'notInInventory',
    });
  });
});

describe('whatever the kernel says', () => {
  const uint32 = fc.nat({ max: 0xffffffff });
  const address = fc
    .oneof(fc.constantFrom('198.18.0.1', '198.18.0.2', '192.0.2.1', '127.0.0.1', '::1'), fc.ipV4(), fc.ipV6())
    .map((text) => canonicalAddress(text) ?? '0.0.0.0');
  const event = fc.record({
    role: fc.constantFrom(ROLE.unknown, ROLE.active, ROLE.passive),
    lastState: fc.nat({ max: 12 }),
    flags: fc.nat({ max: 511 }),
    sequence: fc.nat({ max: 2 }),
    error: fc.constantFrom(0, 32, 103, 104, 110, 111, 113),
    pid: fc.constantFrom(0, 1, 4242),
    startMicros: fc.nat({ max: 2 ** 40 }),
    lasted: fc.nat({ max: 2 ** 40 }),
    flowId: fc.constantFrom(undefined, '0123456789abcdef'),
    bytesReceived: fc.nat({ max: 2 ** 52 }),
    bytesSent: fc.nat({ max: 2 ** 52 }),
    local: fc.constantFrom('web', 'db', 'host', 'gone'),
    far: fc.constantFrom('web', 'db', 'host', 'gone'),
    netnsCookie: fc.nat({ max: 3 }),
    farNetnsCookie: fc.nat({ max: 3 }),
    localAddress: address,
    remoteAddress: address,
    segmentsReceived: uint32,
    segmentsSent: uint32,
    retransmits: uint32,
    rttMicros: uint32,
    rttVarianceMicros: uint32,
    rttMinMicros: uint32,
    handshakeMicros: uint32,
  });

  it('the invariants of a record hold', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
        // One after the other with what was learned before: a wrong lesson would show in a later flow.
        const learning = naming();
        for (const { local, far, lasted, ...parts } of events) {
          const endMicros = parts.startMicros + lasted;
          const named = { ...parts, endMicros, cgroupId: idOf(local), farCgroupId: idOf(far) };
          const made = tcpFlow(tcpEvent(named), learning);
          const { source, destination, tcp } = made;
          expect(made.start).toBeLessThanOrEqual(made.end);
          const numbers = [made.start, made.end, source.bytes, source.packets, destination.bytes, destination.packets];
          const measured = Object.values(tcp ?? {}).filter((value) => typeof value === 'number');
          expect([...numbers, ...measured].filter((value) => !Number.isSafeInteger(value) || value < 0)).toEqual([]);
          expect([source, destination].every(podNameIsAPods)).toBe(true);
          const has = (flag: number) => (parts.flags & flag) !== 0;
          expect(made.state === 'Active').toBe(!has(TCP_FLAG.ended));
          expect(made.state === 'Failed').toBe(has(TCP_FLAG.ended) && !has(TCP_FLAG.established));
          expect(tcp?.closed === 1).toBe(has(TCP_FLAG.ended));
          expect(tcp?.takenOver === true).toBe(has(TCP_FLAG.takenOver));
          // The handshake is told once, and only by who saw it.
          const toldHere = parts.sequence === 0 && !has(TCP_FLAG.takenOver);
          expect(tcp?.established === 1).toBe(has(TCP_FLAG.established) && toldHere);
          expect(toldHere || tcp?.handshakeDuration === undefined).toBe(true);
          expect(made.observer).toBe(parts.role === ROLE.passive ? 'destination' : 'source');
          const own = parts.role === ROLE.passive ? destination : source;
          expect([own.address, own.bytes]).toEqual([parts.localAddress, parts.bytesSent]);
        }
      }),
      { numRuns: 300 },
    );
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Flow } from '../../src/record/flow.ts';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { endInOrder, Scene } from '../support/scene.ts';

/** The shortest that the API allows. */
const OFTEN = { all: { reporting: { activeSeconds: 1, idleSeconds: 1 } } };
const PATIENCE_MS = 40_000;
const CLOCK_STEP_MICROS = 1000;
const MANY = 10_000;

describe.runIf(mayCapture)(`connections that live on${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('live');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it('are reported while they carry data, and the parts are the whole, to the byte', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({ pods: [client, server], specs: OFTEN });
    const connection = await scene.connection();
    const { near, far } = connection;
    for (const [request, response] of BURSTS) {
      const before = capture.flows.length;
      await Promise.all([near.send(request), far.receive(request)]);
      await Promise.all([far.send(response), near.receive(response)]);
      await Promise.all([near.wait({ unacked: 0 }), far.wait({ unacked: 0 })]);
      await capture.until(before + 2, PATIENCE_MS);
    }
    const [nearInfo, farInfo] = [await near.info(), await far.info()];
    await endInOrder(connection);
    const ended = () => capture.flows.filter(({ state }) => state === 'Closed').length === 2;
    await expect.poll(ended, { timeout: PATIENCE_MS }).toBe(true);
    const { node } = await capture.stop();

    const { source, destination } = bySide(capture.flows, near.local.port);
    expectOneLife(source);
    expectOneLife(destination);
    // Who still held a burst's last bytes when a look came tells them in the next record: more than one a burst is right.
    expect(source.length).toBeGreaterThan(BURSTS.length);
    const requested = sum(BURSTS.map(([request]) => request));
    const answered = sum(BURSTS.map(([, response]) => response));
    for (const parts of [source, destination]) {
      expect(sum(parts.map((part) => part.source.bytes))).toBe(requested);
      expect(sum(parts.map((part) => part.destination.bytes))).toBe(answered);
    }
    expect(sum(source.map((part) => part.source.packets))).toBe(nearInfo.data_segs_out);
    expect(sum(source.map((part) => part.destination.packets))).toBe(nearInfo.data_segs_in);
    expect(sum(destination.map((part) => part.destination.packets))).toBe(farInfo.data_segs_out);
    expect(new Set([...source, ...destination].map(({ id }) => id)).size).toBe(1);
    for (const part of source.slice(0, -1)) {
      expect(part).toMatchObject({ state: 'Active', scope: 'Node', tcp: { closed: 0, closeReason: undefined } });
      expect(part.process?.executableName).toMatch(/^python3/);
    }
    expect(node).toMatchObject({ openConnections: 0, postponed: 0, takenOver: 0, joinMissed: 0 });
  });

  it('are not reported while they carry nothing', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({ pods: [client, server], specs: OFTEN });
    const idle = await scene.connection();
    const busy = await scene.connection();
    for (let times = 0; times < 3; times++) {
      const before = capture.flows.length;
      await Promise.all([busy.near.send(1), busy.far.receive(1)]);
      await capture.until(before + 2, PATIENCE_MS);
    }
    expect(capture.flows.filter(({ source }) => source.port === idle.near.local.port)).toEqual([]);
    await endInOrder(idle);
    await endInOrder(busy);
  });

  it('are told of when the capture stops, with what they had carried by then', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({ pods: [client, server] });
    const connection = await scene.connection();
    await Promise.all([connection.near.send(1234), connection.far.receive(1234)]);
    await connection.near.wait({ unacked: 0 });
    const { node, accounts } = await capture.stop();
    await endInOrder(connection);
    const { source, destination } = bySide(capture.flows, connection.near.local.port);
    for (const [part, ...others] of [source, destination]) {
      expect(others).toEqual([]);
      expect(part).toMatchObject({ state: 'Active', sequence: 0, source: { bytes: 1234 }, destination: { bytes: 0 } });
    }
    expect(accounts).toMatchObject([{ observed: 2, exported: 2 }]);
    expect(node).toMatchObject({ openConnections: 2 });
  });

  it('that are older than the capture are taken over: from then on they are as any other', async () => {
    const { client, server } = scene;
    const connection = await scene.connection();
    const { near, far } = connection;
    await Promise.all([near.send(100_000), far.receive(100_000)]);
    await near.wait({ unacked: 0 });

    await using capture = await Capture.start({ pods: [client, server], specs: OFTEN });
    await expect.poll(() => capture.report().node.takenOver, { timeout: PATIENCE_MS }).toBe(2);
    await Promise.all([near.send(777), far.receive(777)]);
    await Promise.all([far.send(88), near.receive(88)]);
    await capture.until(2, PATIENCE_MS);
    await endInOrder(connection);
    await expect.poll(() => capture.report().node.openConnections, { timeout: PATIENCE_MS }).toBe(0);
    await capture.stop();

    const { source, destination } = bySide(capture.flows, near.local.port);
    for (const parts of [source, destination]) {
      expectOneLife(parts, { takenOver: true });
      expect(sum(parts.map((part) => part.source.bytes))).toBe(777);
      expect(sum(parts.map((part) => part.destination.bytes))).toBe(88);
    }
    const [first] = source;
    expect(first?.id).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set([...source, ...destination].map(({ id }) => id)).size).toBe(1);
    expect(first).toMatchObject({
      scope: 'Node',
      source: { identity: { podName: 'client' }, attribution: 'Exact' },
      destination: { identity: { podName: 'server' }, attribution: 'Exact' },
      process: { pid: scene.dialler.pid },
    });
    expect(destination[0]).toMatchObject({ process: { pid: scene.acceptor.pid }, scope: 'Node' });
  });

  it(`that are older are all taken over, ${MANY} on either side, each with its process and its pod`, async () => {
    const { client, server, dialler, acceptor } = scene;
    const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
    await Promise.all([dialler.holdOpen(listener, MANY, PATIENCE_MS), listener.hold(MANY, PATIENCE_MS)]);

    await using capture = await Capture.start({ pods: [client, server] });
    await expect.poll(() => capture.report().node.takenOver, { timeout: PATIENCE_MS }).toBe(2 * MANY);
    await Promise.all([dialler.held.send(7, PATIENCE_MS), acceptor.held.receive(7, PATIENCE_MS)]);
    await dialler.held.close(PATIENCE_MS);
    await acceptor.held.close(PATIENCE_MS);
    await listener.close();
    const left = () => {
      const { openConnections, missedStateChanges } = capture.report().node;
      return openConnections === 0 ? 'none' : `${openConnections} open, ${missedStateChanges} state changes missed`;
    };
    await expect.poll(left, { timeout: PATIENCE_MS }).toBe('none');
    const { accounts, node: ended } = await capture.stop();
    const { joined, joinMissed } = ended;

    expect(accounts).toMatchObject([{ observed: 2 * MANY, exported: 2 * MANY }]);
    const told = new Map<string, number>();
    for (const { source, destination, observer, process, tcp } of capture.flows) {
      const names = `${source.identity.podName} ${destination.identity.podName} ${observer} ${process?.pid}`;
      const volume = `${source.bytes} ${destination.bytes} ${tcp?.takenOver}`;
      told.set(`${names} ${volume}`, (told.get(`${names} ${volume}`) ?? 0) + 1);
    }
    expect(told).toEqual(
      new Map([
        [`client server source ${dialler.pid} 7 0 true`, MANY],
        [`client server destination ${acceptor.pid} 7 0 true`, MANY],
      ]),
    );
    const halves = Map.groupBy(capture.flows, ({ id }) => id);
    expect(halves.size).toBe(MANY);
    expect(halves.has(undefined)).toBe(false);
    // The few for which the join table had no room are named by their addresses, and counted.
    const unjoined = capture.flows.filter(({ scope }) => scope === undefined).length;
    expect(unjoined).toBeLessThan(MANY / 200);
    expect([joined, unjoined > 0]).toEqual([2 * MANY - unjoined, joinMissed > 0]);
  });

  it('that are older and half closed are taken over with the right side as their opener', async () => {
    const { client, server } = scene;
    const sending = await scene.connection();
    await sending.near.shutdown('write');
    await sending.far.receiveToEnd();
    const answering = await scene.connection();
    await answering.far.shutdown('write');
    await answering.near.receiveToEnd();

    await using capture = await Capture.start({ pods: [client, server], specs: OFTEN });
    await expect.poll(() => capture.report().node.takenOver, { timeout: PATIENCE_MS }).toBe(4);
    await Promise.all([sending.far.send(300), sending.near.receive(300)]);
    await Promise.all([answering.near.send(400), answering.far.receive(400)]);
    await capture.until(4, PATIENCE_MS);
    for (const { near, far } of [sending, answering]) await Promise.all([near.close(), far.close()]);
    await expect.poll(() => capture.report().node.openConnections, { timeout: PATIENCE_MS }).toBe(0);
    await capture.stop();

    for (const [{ near }, bytes] of [
      [sending, [0, 300]],
      [answering, [400, 0]],
    ] as const) {
      const { source, destination } = bySide(capture.flows, near.local.port);
      expect(new Set([...source, ...destination].map(({ id }) => id)).size).toBe(1);
      for (const parts of [source, destination]) {
        expectOneLife(parts, { takenOver: true });
        expect(parts[0]?.source.address).toBe(client.ipv4);
        expect([sum(parts.map((part) => part.source.bytes)), sum(parts.map((part) => part.destination.bytes))]).toEqual(
          bytes,
        );
      }
    }
  });
});

/** Bytes of the client, then of the server: odd, empty on one side, larger than a socket's buffer. */
const BURSTS = [
  [1, 0],
  [70_001, 3],
  [0, 2_000_003],
  [12_345, 54_321],
] as const;

function bySide(flows: readonly Flow[], clientPort: number): { source: readonly Flow[]; destination: readonly Flow[] } {
  const own = flows.filter(({ source }) => source.port === clientPort);
  return {
    source: own.filter(({ observer }) => observer === 'source'),
    destination: own.filter(({ observer }) => observer === 'destination'),
  };
}

/** The records of one socket follow each other without a gap: in number, in time, and with one end. */
function expectOneLife(parts: readonly Flow[], { takenOver = false } = {}): void {
  expect(parts.map(({ sequence }) => sequence)).toEqual(parts.map((_, index) => index));
  for (const [index, { start }] of parts.slice(1).entries()) {
    // One instant of the kernel's clock, shown twice: the wall clock may have been put right in between.
    expect(Math.abs(start - (parts[index]?.end ?? 0))).toBeLessThan(CLOCK_STEP_MICROS);
  }
  expect(parts.map(({ tcp }) => tcp?.closed)).toEqual(parts.map((_, index) => Number(index === parts.length - 1)));
  expect(parts.map(({ tcp }) => tcp?.established)).toEqual(parts.map((_, index) => Number(index === 0 && !takenOver)));
  expect(parts.every(({ tcp }) => (tcp?.takenOver ?? false) === takenOver)).toBe(true);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

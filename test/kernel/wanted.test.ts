import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Flow } from '../../src/record/flow.ts';
import { accountOf, Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { dnat, masquerade } from '../support/lab/rules.ts';
import { endInOrder, Scene } from '../support/scene.ts';

const TIMEOUT_MS = 100_000;

describe.runIf(mayCapture)(`what a capture wants of its pods${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('wanted');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it('is decided in the kernel where all want the same: who is not wanted is counted once, and never tracked', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      specs: { all: { direction: 'Inbound' } },
    });
    const connection = await scene.connection();
    expect(capture.report().node.openConnections).toBe(1);
    await endInOrder(connection);
    await capture.until(1);
    const { accounts, node } = await capture.stop();
    expect(capture.flows).toMatchObject([{ observer: 'destination', state: 'Closed' }]);
    expect(accounts).toMatchObject([{ observed: 2, exported: 1, filtered: { direction: 1 } }]);
    expect(node.openConnections).toBe(0);
  });

  it('is decided by each capture where captures of one pod differ', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { any: {}, inbound: {}, outbound: {} },
      specs: { inbound: { direction: 'Inbound' }, outbound: { direction: 'Outbound' } },
    });
    await endInOrder(await scene.connection());
    await capture.until(2);
    const { accounts } = await capture.stop();
    expect(accounts).toMatchObject([
      { capture: 'lab/any', observed: 2, exported: 2, filtered: { direction: 0 } },
      { capture: 'lab/inbound', observed: 2, exported: 1, filtered: { direction: 1 } },
      { capture: 'lab/outbound', observed: 2, exported: 1, filtered: { direction: 1 } },
    ]);
    expect(namesBy(capture.flows, 'source')).toEqual(['lab/any lab/outbound']);
    expect(namesBy(capture.flows, 'destination')).toEqual(['lab/any lab/inbound']);
  });

  it('is at most so many records a second: what goes over is lost, with the reason', async () => {
    const { client, server, acceptor, dialler } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { all: {}, few: {} },
      specs: { few: { limits: { flowsPerSecond: 1 } } },
    });
    const connections = 100;
    const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
    const orders = { connections, send: 1, receive: 1, timeoutMs: TIMEOUT_MS };
    await Promise.all([listener.serve(orders), dialler.burst(listener, orders)]);
    await capture.until(2 * connections);
    const report = await capture.stop();
    expect(accountOf(report, 'all')).toMatchObject({ observed: 2 * connections, exported: 2 * connections });
    const few = accountOf(report, 'few');
    expect(few.exported + few.lost.rateLimited).toBe(2 * connections);
    expect(few.exported).toBeGreaterThan(0);
    // One at once and one a second: the burst takes seconds at the very most.
    expect(few.exported).toBeLessThan(connections);
    await listener.close();
  });
});

describe.runIf(mayCapture)(`an agent that does without, for want of memory or CPU${whySkipped}`, () => {
  it('takes fewer connections, the same on both ends, says so in each record, and takes all again afterwards', async () => {
    await using scene = await Scene.create('relief');
    const { client, server, dialler, acceptor } = scene;
    const connections = 1000;
    const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
    const orders = { connections, send: 1, receive: 1, timeoutMs: TIMEOUT_MS };
    await using capture = await Capture.start({ pods: [client, server] });
    const burst = async () => {
      const before = capture.flows.length;
      await Promise.all([listener.serve(orders), dialler.burst(listener, orders)]);
      await expect.poll(() => capture.report().node.openConnections, { timeout: TIMEOUT_MS }).toBe(0);
      const { observed, sampledOut } = capture.account('all');
      await capture.until(observed - sampledOut);
      return capture.flows.slice(before);
    };
    capture.relieve({ lessOften: 8, oneIn: 4 });
    const fewer = await burst();
    expect(fewer.length).toBeGreaterThan(0);
    expect(fewer.length).toBeLessThan(connections);
    expect(new Set(fewer.map(({ samplingOneIn }) => samplingOneIn))).toEqual(new Set([4]));
    const halves = Map.groupBy(fewer, ({ id }) => id);
    expect(new Set(Array.from(halves.values(), ({ length }) => length))).toEqual(new Set([2]));

    capture.relieve({ lessOften: 1, oneIn: 1 });
    const all = await burst();
    expect(all.length).toBe(2 * connections);
    expect(new Set(all.map(({ samplingOneIn }) => samplingOneIn))).toEqual(new Set([1]));
    const { accounts } = await capture.stop();
    const exported = fewer.length + 2 * connections;
    expect(accounts).toMatchObject([{ observed: 4 * connections, exported, sampledOut: 4 * connections - exported }]);
  });
});

/** Captures of the records that were seen from that side. */
function namesBy(flows: readonly Flow[], side: Flow['observer']): string[] {
  return flows.filter(({ observer }) => observer === side).map(({ capture }) => capture.join(' '));
}

/** Each to a service of its own: a client has no more ports for one. */
const BURST = 20_000;
const BURSTS = process.env['WEIR_SOAK_ROUNDS'] === undefined ? 1 : 5;
const CONNECTIONS = BURSTS * BURST;
const ONE_IN = 10;

describe.runIf(mayCapture)(`sampling one in ${ONE_IN} of ${CONNECTIONS} connections through NAT${whySkipped}`, () => {
  it('takes the same connections on both ends, and nobody else, in numbers that can be scaled', {
    timeout: BURSTS * 120_000,
  }, async () => {
    await using scene = await Scene.create('sampling');
    const { router, client, server, dialler, acceptor } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { tenth: {}, client: { app: 'client' }, hundredth: {} },
      exports: ['memory'],
      specs: {
        tenth: { sampling: { oneIn: ONE_IN } },
        client: { sampling: { oneIn: ONE_IN } },
        hundredth: { sampling: { oneIn: 10 * ONE_IN } },
      },
    });
    await masquerade(router.netns, `ip daddr ${server.ipv4}`);
    const orders = { connections: BURST, send: 1, receive: 1, timeoutMs: TIMEOUT_MS };
    for (let port = 80; port < 80 + BURSTS; port++) {
      const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
      const service = { address: '198.18.99.9', port };
      await dnat(router.netns, service, listener);
      await Promise.all([listener.serve(orders), dialler.burst(service, orders)]);
    }
    await expect.poll(() => capture.report().node.openConnections, { timeout: TIMEOUT_MS }).toBe(0);
    const report = await capture.stop();

    const of = (name: string) => capture.flows.filter((flow) => flow.capture.includes(`lab/${name}`));
    const idsOf = (name: string, side?: Flow['observer']) =>
      of(name)
        .filter(({ observer }) => side === undefined || observer === side)
        .map(({ id = '' }) => id)
        .toSorted((a, b) => a.localeCompare(b));
    const source = idsOf('tenth', 'source');
    expect(new Set(source).size).toBe(source.length);
    expect(idsOf('tenth', 'destination')).toEqual(source);
    expect(idsOf('client')).toEqual(source);
    expect(new Set(source).isSupersetOf(new Set(idsOf('hundredth', 'source')))).toBe(true);
    expect(idsOf('hundredth', 'destination')).toEqual(idsOf('hundredth', 'source'));
    expect(new Set(of('tenth').map(({ samplingOneIn }) => samplingOneIn))).toEqual(new Set([ONE_IN]));
    expect(new Set(of('hundredth').map(({ samplingOneIn }) => samplingOneIn))).toEqual(new Set([10 * ONE_IN]));

    for (const [name, oneIn, seen] of [
      ['tenth', ONE_IN, 2],
      ['client', ONE_IN, 1],
      ['hundredth', 10 * ONE_IN, 2],
    ] as const) {
      const account = accountOf(report, name);
      expect(account).toMatchObject({ observed: seen * CONNECTIONS, lost: { ringFull: 0, rateLimited: 0 } });
      expect(account.exported + account.sampledOut).toBe(account.observed);
      // Both ends of a connection are taken, or none: connections are what is drawn.
      const taken = account.exported / seen;
      expect(Math.abs(taken * oneIn - CONNECTIONS)).toBeLessThan(farOff(oneIn));
    }
  });
});

/** Five standard deviations of the number of connections, as it is estimated from those that were drawn: 1 run in a million. */
function farOff(oneIn: number): number {
  const share = 1 / oneIn;
  return 5 * oneIn * Math.sqrt(CONNECTIONS * share * (1 - share));
}

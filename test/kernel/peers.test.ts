import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLE } from '../../src/agent/decode/layout.generated.ts';
import { PeerRules } from '../../src/agent/select/peer-rules.ts';
import type { Peer } from '../../src/api/types.generated.ts';
import type { CaptureObject } from '../../src/plan/objects.ts';
import { accountOf, Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { dnat } from '../support/lab/rules.ts';
import { NAMESPACE } from '../support/pod-inventory.ts';
import { randomFrom, SEED } from '../support/random.ts';
import { type Dialling, endInOrder, Scene } from '../support/scene.ts';

/** A capture of the client alone. */
const CLIENT = { all: { app: 'client' } };
const TIMEOUT_MS = 30_000;
/** A prime. */
const BURST = 2003;
const LEAST_CHANGES = 20;
const LISTS = 101;

/** Networks and ranges, of which some hold this address or port, some do not, and some lie in each other. */
function randomPeers(random: () => number, address: string, port: number): Peer[] {
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const some = <T>(of: () => T): T[] => Array.from({ length: 1 + upTo(4) }, of);
  const octets = address.split('.').map(Number);
  const cidr = () =>
    `${octets.map((octet) => (random() < 0.1 ? octet ^ (1 << upTo(7)) : octet)).join('.')}/${upTo(32)}`;
  const range = () => {
    const [from, to] = [Math.max(1, port - upTo(random() < 0.5 ? 2 : port)), Math.min(65_535, port + upTo(port))];
    return random() < 0.6 ? `${from}-${to}` : String(random() < 0.5 ? port : from);
  };
  return some((): Peer => {
    const action = random() < 0.5 ? 'Include' : 'Exclude';
    const ports = random() < 0.6 ? { ports: [...new Set(some(range))] } : {};
    if (random() < 0.2) return { action, ...ports, podSelector: {} };
    return random() < 0.8 || ports.ports === undefined
      ? { action, ...ports, cidrs: [...new Set(some(cidr))] }
      : { action, ...ports };
  });
}

function excluding(cidr: string, port: number): CaptureObject['spec'] {
  return { peers: [{ action: 'Exclude', cidrs: [cidr], ports: [String(port)] }] };
}

describe.runIf(mayCapture)(`peers that a capture wants${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('peers');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  /** A capture of the client alone, with these peers. */
  function ofClient(peers: Peer[], direction: 'Any' | 'Outbound' = 'Any'): Promise<Capture> {
    const { client, server } = scene;
    return Capture.start({ pods: [client, server], captures: CLIENT, specs: { all: { peers, direction } } });
  }

  const connect = async (options: Dialling = {}) => endInOrder(await scene.connection(options));

  it.each([
    { family: 'ipv4', inside: '198.18.0.0/15', outside: '10.0.0.0/8' },
    { family: 'ipv6', inside: 'fd00:198::/32', outside: '::ffff:0:0/96' },
  ] as const)('are found by network in the kernel, over $family', async ({ family, inside, outside }) => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      specs: {
        all: { peers: [{ action: 'Exclude', cidrs: [outside, `${client[family]}/${family === 'ipv4' ? 32 : 128}`] }] },
      },
    });
    const connection = await scene.connection({ family });
    // The server's half, whose far side is the client, is not even tracked.
    expect(capture.report().node.openConnections).toBe(1);
    await endInOrder(connection);
    await capture.until(1);
    const { accounts } = await capture.stop();
    expect(capture.flows).toMatchObject([{ observer: 'source' }]);
    expect(accounts).toMatchObject([{ observed: 2, exported: 1, filtered: { peer: 1 } }]);

    await using including = await ofClient([{ action: 'Include', cidrs: [inside] }]);
    await connect({ family });
    await including.until(1);
    expect(accountOf(await including.stop(), 'all')).toMatchObject({ observed: 1, exported: 1 });

    await using elsewhere = await ofClient([{ action: 'Include', cidrs: [outside] }]);
    await connect({ family });
    expect(accountOf(await elsewhere.stop(), 'all')).toMatchObject({ observed: 1, exported: 0, filtered: { peer: 1 } });
  });

  it('are IPv4 where IPv6 sockets meet mapped addresses', async () => {
    const { server, dialler, acceptor } = scene;
    await using capture = await ofClient([
      { action: 'Exclude', cidrs: ['::/0'] },
      { action: 'Include', cidrs: [`${server.ipv4}/32`] },
    ]);
    const listener = await acceptor.listen('::', { dualStack: true });
    const near = await dialler.connect({ address: `::ffff:${server.ipv4}`, port: listener.port });
    await endInOrder({ near, far: await listener.accept() });
    await capture.until(1);
    expect(accountOf(await capture.stop(), 'all')).toMatchObject({ observed: 1, exported: 1 });
    await listener.close();
  });

  it('are found by the port of the server on both ends, and the first entry that matches decides', async () => {
    const { client, server, acceptor, dialler } = scene;
    const open = await acceptor.listen(server.ipv4);
    const shut = await acceptor.listen(server.ipv4);
    const both = [open.port, shut.port].toSorted((a, b) => a - b).join('-');
    await using capture = await Capture.start({
      pods: [client, server],
      specs: {
        all: {
          peers: [
            { action: 'Exclude', ports: [String(shut.port)] },
            { action: 'Include', ports: [both] },
          ],
        },
      },
    });
    for (const listener of [open, shut]) {
      const near = await dialler.connect(listener);
      await endInOrder({ near, far: await listener.accept() });
      await listener.close();
    }
    await capture.until(2);
    expect(accountOf(await capture.stop(), 'all')).toMatchObject({ observed: 4, exported: 2, filtered: { peer: 2 } });
    expect(capture.flows.map(({ destination }) => destination.port)).toEqual([open.port, open.port]);
  });

  it('are what the socket dialled, not what answered behind it', async () => {
    const { router, server, dialler, acceptor } = scene;
    const listener = await acceptor.listen(server.ipv4);
    const service = { address: '198.18.99.9', port: 80 };
    await dnat(router.netns, service, listener);
    await using capture = await ofClient([{ action: 'Include', cidrs: ['198.18.99.9/32'], ports: ['80'] }]);
    const near = await dialler.connect(service);
    await endInOrder({ near, far: await listener.accept() });
    await listener.close();
    await capture.until(1);
    expect(accountOf(await capture.stop(), 'all')).toMatchObject({ observed: 1, exported: 1 });
  });

  it('that refuse are filtered like any other, and counted once', async () => {
    const { server, dialler } = scene;
    await using capture = await ofClient([{ action: 'Exclude', cidrs: ['198.18.0.0/15'] }]);
    await dialler.connect({ address: server.ipv4, port: 1 }).catch(() => undefined);
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 1, filtered: { peer: 1, direction: 0 } }]);
    expect(node.openConnections).toBe(0);
  });

  it('are decided by their labels where the first entry that matches asks for them', async () => {
    const { client, server } = scene;
    const podSelector = { matchLabels: { app: 'server' } };
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { all: {} },
      specs: { all: { peers: [{ action: 'Include', podSelector }] } },
    });
    await connect();
    await capture.until(1);
    const { accounts } = await capture.stop();
    // The client's far side is the server; the server's is the client.
    expect(capture.flows).toMatchObject([{ observer: 'source' }]);
    expect(accounts).toMatchObject([{ observed: 2, exported: 1, filtered: { peer: 1, peerUnknown: 0 } }]);
  });

  it('whose labels nobody knows are no match, with a reason of their own', async () => {
    const { client } = scene;
    await using capture = await Capture.start({
      pods: [client],
      specs: { all: { peers: [{ action: 'Include', podSelector: {} }] } },
    });
    await connect();
    await expect.poll(() => capture.report().node.openConnections).toBe(0);
    const { accounts } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 1, exported: 0, filtered: { peer: 0, peerUnknown: 1 } }]);
  });

  it('are decided by each capture where captures of one pod differ', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { any: {}, there: {}, elsewhere: {} },
      specs: {
        there: { peers: [{ action: 'Include', cidrs: [`${server.ipv4}/32`] }] },
        elsewhere: { peers: [{ action: 'Exclude', cidrs: ['198.18.0.0/15'] }] },
      },
    });
    await connect();
    await capture.until(2);
    const report = await capture.stop();
    expect(accountOf(report, 'any')).toMatchObject({ observed: 2, exported: 2 });
    expect(accountOf(report, 'there')).toMatchObject({ observed: 2, exported: 1, filtered: { peer: 1 } });
    expect(accountOf(report, 'elsewhere')).toMatchObject({ observed: 2, exported: 0, filtered: { peer: 2 } });
    const source = capture.flows.find(({ observer }) => observer === 'source');
    expect(source?.capture).toEqual([`${NAMESPACE}/any`, `${NAMESPACE}/there`]);
  });

  it('that change while a connection lives hold from its next report on', async () => {
    const { server } = scene;
    await using capture = await ofClient([]);
    const connection = await scene.connection();
    await capture.adopt(CLIENT, { all: { peers: [{ action: 'Exclude', cidrs: [`${server.ipv4}/32`] }] } });
    const rejected = await scene.connection();
    expect(capture.report().node.openConnections).toBe(1);
    await endInOrder(connection);
    await expect.poll(() => capture.account('all')).toMatchObject({ observed: 2, exported: 0, filtered: { peer: 2 } });
    await capture.adopt(CLIENT);
    // It is older than that now, and found.
    await expect.poll(() => capture.report().node.openConnections).toBe(1);
    await endInOrder(rejected);
    await capture.until(1);
    expect(accountOf(await capture.stop(), 'all')).toMatchObject({ observed: 3, exported: 1, filtered: { peer: 2 } });
    expect(capture.flows).toMatchObject([{ tcp: { takenOver: true } }]);
  });

  it(`are taken in the kernel as in user space, of ${LISTS} random lists (seed ${SEED})`, async () => {
    const { server, dialler, acceptor } = scene;
    const random = randomFrom(SEED);
    const listener = await acceptor.listen(server.ipv4);
    const { address, port } = listener;
    await using capture = await ofClient([]);
    const seen = new Set<string>();
    for (let round = 0; round < LISTS; round++) {
      const peers = randomPeers(random, address, port);
      await capture.adopt(CLIENT, { all: { peers } });
      const near = await dialler.connect(listener);
      const far = await listener.accept();
      const view = { role: ROLE.active, remoteAddress: address, remotePort: port, localPort: near.local.port };
      const expected = new PeerRules(peers, NAMESPACE).bySocket(view);
      // What is not tracked the kernel has decided.
      const tracked = capture.report().node.openConnections;
      expect({ peers, tracked }).toEqual({ peers, tracked: expected === 'Exclude' ? 0 : 1 });
      seen.add(expected);
      await endInOrder({ near, far });
      await expect.poll(() => capture.report().node.openConnections, { interval: 2 }).toBe(0);
    }
    expect([...seen].toSorted()).toEqual(['ByLabel', 'Exclude', 'Include']);
    expect(accountOf(await capture.stop(), 'all').observed).toBe(LISTS);
    await listener.close();
  });

  it('are those of one plan or of the next, never half of each', async () => {
    const { client, server, acceptor, dialler } = scene;
    const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
    // Each excludes nothing here. The network of the one with the port of the other would exclude everything.
    const plans = [excluding(`${server.ipv4}/32`, 1), excluding('10.0.0.0/8', listener.port)];
    await using capture = await Capture.start({
      pods: [client, server],
      captures: CLIENT,
      specs: { all: plans[0] ?? {} },
    });
    const orders = { connections: BURST, send: 1, receive: 1, timeoutMs: TIMEOUT_MS };
    const over = new AbortController();
    const burst = Promise.all([listener.serve(orders), dialler.burst(listener, orders)]).finally(() => over.abort());
    let changes = 0;
    while (!over.signal.aborted) {
      await capture.adopt(CLIENT, { all: plans[++changes % plans.length] ?? {} });
      // The burst is heard of between two plans.
      await new Promise(setImmediate);
    }
    await burst;
    await capture.until(BURST);
    expect(accountOf(await capture.stop(), 'all')).toMatchObject({ observed: BURST, exported: BURST });
    expect(changes).toBeGreaterThan(LEAST_CHANGES);
    await listener.close();
  });
});

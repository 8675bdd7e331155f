import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { type Exchange, exchange, expectExact, halvesOf } from '../support/exchange.ts';
import { randomFrom, randomSize, SEED } from '../support/random.ts';
import { Scene } from '../support/scene.ts';

/** A prime: no batch size divides it. */
const CONNECTIONS = 23;
const MOST_BYTES = 4_000_000;

interface Family {
  readonly name: string;
  /** What the server listens on, and what the client dials. */
  readonly listen: (scene: Scene) => string;
  readonly dial: (scene: Scene) => string;
  readonly shown: 'ipv4' | 'ipv6';
}

const FAMILIES: readonly Family[] = [
  { name: 'IPv4', listen: ({ server }) => server.ipv4, dial: ({ server }) => server.ipv4, shown: 'ipv4' },
  { name: 'IPv6', listen: ({ server }) => server.ipv6, dial: ({ server }) => server.ipv6, shown: 'ipv6' },
  {
    name: 'IPv4-mapped IPv6, shown as IPv4',
    listen: () => '::',
    dial: ({ server }) => `::ffff:${server.ipv4}`,
    shown: 'ipv4',
  },
];

describe.runIf(mayCapture)(`${CONNECTIONS} connections between two pods${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('exact');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(FAMILIES)(`give ${2 * CONNECTIONS} exact halves over $name (seed ${SEED})`, async (family) => {
    const { client, server, dialler, acceptor } = scene;
    await using capture = await Capture.start({ pods: [client, server] });
    const random = randomFrom(SEED);
    const size = () => randomSize(random, MOST_BYTES);
    const before = Date.now();

    const listener = await acceptor.listen(family.listen(scene), { dualStack: true });
    const exchanges: Exchange[] = [];
    for (let opened = 0; opened < CONNECTIONS; opened++) {
      const near = await dialler.connect({ address: family.dial(scene), port: listener.port });
      exchanges.push(await exchange({ near, far: await listener.accept() }, size(), size()));
    }

    await capture.until(2 * CONNECTIONS);
    const { accounts, node } = await capture.stop();
    const after = Date.now();
    expect(capture.flows).toHaveLength(2 * CONNECTIONS);
    expect(accounts).toMatchObject([{ observed: 2 * CONNECTIONS, exported: 2 * CONNECTIONS }]);
    expect(node).toMatchObject({ joined: 2 * CONNECTIONS, joinMissed: 0, joinAmbiguous: 0, openConnections: 0 });
    expect(new Set(capture.flows.map(({ id }) => id)).size).toBe(CONNECTIONS);

    for (const told of exchanges) {
      const halves = halvesOf(capture.flows, told.clientPort);
      expectExact(halves, told);
      expect(halves[0].id).toBe(halves[1].id);
      for (const half of halves) {
        expect(half).toMatchObject({
          state: 'Closed',
          scope: 'Node',
          type: family.shown,
          transport: 'tcp',
          source: { address: client[family.shown], identity: { kind: 'Pod', podName: 'client' }, attribution: 'Exact' },
          destination: {
            address: server[family.shown],
            port: listener.port,
            identity: { kind: 'Pod', podName: 'server' },
            attribution: 'Exact',
          },
        });
        expect(half.source.packets > 0).toBe(told.request > 0);
        expect(half.destination.packets > 0).toBe(told.response > 0);
        expect(half.start).toBeGreaterThan((before - 1) * 1000);
        expect(half.end).toBeLessThan((after + 1) * 1000);
      }
      expect(halves.map(({ process, containerId }) => [process?.pid, containerId])).toEqual([
        [dialler.pid, client.containerId],
        [acceptor.pid, server.containerId],
      ]);
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { type Exchange, exchange, expectExact } from '../support/exchange.ts';
import { dnat, type Endpoint, masquerade } from '../support/lab/rules.ts';
import { Scene } from '../support/scene.ts';

const SERVICES = [
  { family: 'ipv4', service: '198.18.99.9', match: 'ip daddr' },
  { family: 'ipv6', service: 'fd00:198:18:99::9', match: 'ip6 daddr' },
] as const;

const CONNECTIONS = 7;

describe.runIf(mayCapture)(`connections through DNAT and masquerade${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('nat');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(SERVICES)('have one flow.id, and both ends by name, over $family', async ({ family, service, match }) => {
    const { router, client, server, dialler, acceptor } = scene;
    await using capture = await Capture.start({ pods: [client, server] });
    const listener = await acceptor.listen(server[family]);
    const dialled = { address: service, port: 80 };
    await dnat(router.netns, dialled, listener);
    await masquerade(router.netns, `${match} ${server[family]}`);

    const exchanges: (Exchange & { readonly translated: Endpoint | null })[] = [];
    for (let opened = 1; opened <= CONNECTIONS; opened++) {
      const near = await dialler.connect(dialled);
      const far = await listener.accept();
      const told = await exchange({ near, far }, 1009 * opened, 10_007 * opened);
      exchanges.push({ ...told, translated: far.remote });
    }

    await capture.until(2 * CONNECTIONS);
    const sources = capture.flows.filter(({ observer }) => observer === 'source');
    for (const told of exchanges) {
      // The router may choose another port for the server to see, so the halves are found by their id.
      const source = sources.find(({ source: { port } }) => port === told.clientPort);
      const destination = capture.flows.find(({ id, observer }) => id === source?.id && observer === 'destination');
      if (source === undefined || destination === undefined) throw new Error('the halves do not find each other');
      expectExact([source, destination], told);
      expect([source, destination]).toMatchObject([named(scene), named(scene)]);
      expect(source).toMatchObject({ source: { address: client[family] }, destination: dialled });
      expect(destination).toMatchObject({ source: { ...told.translated }, destination: { port: listener.port } });
      expect(destination.source.address).toBe(router.gateway(2)[family]);
      expect(destination.destination.address).toBe(server[family]);
    }
    expect(new Set(capture.flows.map(({ id }) => id)).size).toBe(CONNECTIONS);
  });
});

function named({ client, server }: Scene): object {
  return {
    scope: 'Node',
    source: { identity: { podName: 'client', podUid: client.uid }, attribution: 'Exact' },
    destination: { identity: { podName: 'server', podUid: server.uid }, attribution: 'Exact' },
  };
}

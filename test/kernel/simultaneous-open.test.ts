import { describe, expect, it } from 'vitest';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { simultaneousOpen } from '../support/lab/simultaneous-open.ts';
import { Scene } from '../support/scene.ts';

describe.runIf(mayCapture)(`a connection that both ends open at once${whySkipped}`, () => {
  it('gives two halves that each see themselves as its source, joined, with exact bytes', async () => {
    await using scene = await Scene.create('simultaneous');
    const { lab, router, client, dialler } = scene;
    const twin = await lab.pod('twin');
    await router.attach(twin.netns, 1);
    const other = await twin.peer();
    await using capture = await Capture.start({ pods: [client, twin] });
    const [one, two] = await simultaneousOpen(
      { pod: client, peer: dialler, port: 4001 },
      { pod: twin, peer: other, port: 4002 },
    );
    await Promise.all([one.send(100_003), two.receive(100_003)]);
    await Promise.all([two.send(1009), one.receive(1009)]);
    await one.shutdown('write');
    await two.receiveToEnd();
    await two.close();
    await one.receiveToEnd();
    await one.close();

    await capture.until(2);
    const { node } = await capture.stop();
    expect(node).toMatchObject({ joined: 2, joinMissed: 0, joinAmbiguous: 0 });
    const sides = {
      client: {
        address: client.ipv4,
        port: 4001,
        bytes: 100_003,
        identity: { podName: 'client' },
        attribution: 'Exact',
      },
      twin: { address: twin.ipv4, port: 4002, bytes: 1009, identity: { podName: 'twin' }, attribution: 'Exact' },
    };
    const both = { observer: 'source', state: 'Closed', scope: 'Node', tcp: { closeReason: 'Finished' } };
    expect(capture.flows.toSorted((a, b) => a.source.port - b.source.port)).toMatchObject([
      { ...both, source: sides.client, destination: sides.twin, process: { pid: dialler.pid } },
      { ...both, source: sides.twin, destination: sides.client, process: { pid: other.pid } },
    ]);
    expect(capture.flows[0]?.id).toBe(capture.flows[1]?.id);
  });
});

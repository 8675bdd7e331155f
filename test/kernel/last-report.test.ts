import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { type Connection, endInOrder, Scene } from '../support/scene.ts';

describe.runIf(mayCapture)(`a capture that ends while connections live${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('last-report');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it('is told what they have carried until then; others go on, with nothing lost and nothing twice', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [client, server],
      captures: { ends: {}, stays: {}, elsewhere: { app: 'none' } },
    });
    const connection = await scene.connection();
    await carry(connection, 1234);
    await capture.adopt({ stays: {}, elsewhere: { app: 'none' } });
    await carry(connection, 55);
    await endInOrder(connection);
    await expect.poll(() => capture.report().node.openConnections).toBe(0);
    const report = await capture.stop();

    const told = (name: string) =>
      (['source', 'destination'] as const).map((side) =>
        capture.flows
          .filter((flow) => flow.observer === side && flow.capture.includes(`lab/${name}`))
          .map((flow) => [flow.sequence, flow.source.bytes]),
      );
    expect(told('ends')).toEqual([[[0, 1234]], [[0, 1234]]]);
    expect(told('stays')).toEqual([
      [
        [0, 1234],
        [1, 55],
      ],
      [
        [0, 1234],
        [1, 55],
      ],
    ]);
    expect(accountOf(report, 'ends')).toMatchObject({ observed: 2, exported: 2 });
    expect(accountOf(report, 'stays')).toMatchObject({ observed: 4, exported: 4 });
  });

  it('is told so also where it was the last, and the programs go with it', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({ pods: [client, server] });
    const connection = await scene.connection();
    await carry(connection, 1234);
    await capture.adopt({});
    const flows = (await capture.until(2)).map(({ observer, sequence, source }) => [observer, sequence, source.bytes]);
    expect(new Set(flows)).toEqual(
      new Set([
        ['source', 0, 1234],
        ['destination', 0, 1234],
      ]),
    );
    const report = await capture.stop();
    expect(accountOf(report, 'all')).toMatchObject({ observed: 2, exported: 2 });
    await endInOrder(connection);
  });
});

async function carry({ near, far }: Connection, bytes: number): Promise<void> {
  await Promise.all([near.send(bytes), far.receive(bytes)]);
  await near.wait({ unacked: 0 });
}

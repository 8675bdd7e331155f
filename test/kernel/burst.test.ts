import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TCP_FLOW } from '../../src/agent/decode/layout.generated.ts';
import { accountOf, Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import type { Totals } from '../support/lab/peer.ts';
import type { Listener } from '../support/lab/peer-socket.ts';
import { Scene } from '../support/scene.ts';

const REQUEST = 31;
const RESPONSE = 1009;
const TIMEOUT_MS = 100_000;

/** So many connections one after the other, as fast as the two processes can; both have their orders on return. */
function burst({ dialler }: Scene, listener: Listener, connections: number): Promise<readonly Totals[]> {
  return Promise.all([
    listener.serve({ connections, receive: REQUEST, send: RESPONSE, timeoutMs: TIMEOUT_MS }),
    dialler.burst(listener, { connections, send: REQUEST, receive: RESPONSE, timeoutMs: TIMEOUT_MS }),
  ]);
}

describe.runIf(mayCapture)(`a burst of connections${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('burst');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it('of 10,000 gives 20,000 records, and nothing is lost', async () => {
    const connections = 10_000;
    await using capture = await Capture.start({ pods: [scene.client, scene.server] });
    const listener = await scene.acceptor.listen(scene.server.ipv4, { backlog: 1024 });
    const totals = await burst(scene, listener, connections);
    expect(totals.map((total) => total.connections)).toEqual([connections, connections]);
    await capture.until(2 * connections);
    const { accounts, node } = await capture.stop();
    expect(accounts).toMatchObject([{ observed: 2 * connections, exported: 2 * connections }]);
    expect(node).toMatchObject({ openConnections: 0, joinAmbiguous: 0 });
    const halves = new Map<string | undefined, number>();
    for (const { id } of capture.flows) halves.set(id, (halves.get(id) ?? 0) + 1);
    expect([halves.size, new Set(halves.values())]).toEqual([connections, new Set([2])]);
    const volumes = new Set(capture.flows.map(({ source, destination }) => `${source.bytes} ${destination.bytes}`));
    expect(volumes).toEqual(new Set([`${REQUEST} ${RESPONSE}`]));
  });

  it('that overruns a small ring is counted: observed = exported + lost, and the calm after it loses nothing', async () => {
    const ringBytes = 65_536;
    // A record has a header of 8 bytes; the ring is never filled to its last byte, or it would look empty.
    const fit = Math.floor((ringBytes - 1) / (TCP_FLOW.size + 8));
    const connections = fit;
    await using capture = await Capture.start({ pods: [scene.client, scene.server], limits: { ringBytes } });
    const listener = await scene.acceptor.listen(scene.server.ipv4, { backlog: 1024 });
    const done = burst(scene, listener, connections);
    standStillUntil(() => capture.account('all').observed === 2 * connections);
    await done;
    await capture.until(fit);
    const { observed, exported, lost } = capture.account('all');
    expect({ observed, exported, lost: lost.ringFull }).toEqual({
      observed: 2 * connections,
      exported: fit,
      lost: 2 * connections - fit,
    });

    await burst(scene, listener, 23);
    await capture.until(fit + 46);
    const calm = accountOf(await capture.stop(), 'all');
    expect([calm.observed, calm.exported, calm.lost.ringFull]).toEqual([observed + 46, fit + 46, lost.ringFull]);
  });
});

const LOOK_EVERY_MS = 5;

/** Keeps this process, and so the agent in it, from doing anything until `ended`. */
function standStillUntil(ended: () => boolean): void {
  const still = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + TIMEOUT_MS;
  while (!ended()) {
    if (performance.now() > deadline) throw new Error('the burst does not end');
    Atomics.wait(still, 0, 0, LOOK_EVERY_MS);
  }
}

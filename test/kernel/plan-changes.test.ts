import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { accountOf, Capture, type Captures } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { Scene } from '../support/scene.ts';

const CHANGES = 100;
/** Connections to one port of the server: more that have just ended make the search for a free port slow. */
const PART = 5_000;
const PER_SECOND = 5_000;
const PAUSE_MS = 50;
const TIMEOUT_MS = 100_000;

/** What stays, and what comes, changes and goes with the number of the change. */
function capturesAt(change: number): Captures {
  return {
    all: {},
    ...(change % 2 === 1 && { comes: {} }),
    ...(change % 3 === 1 && { client: { app: 'client' } }),
    changes: change % 4 < 2 ? { app: 'client' } : { app: 'server' },
  };
}

/** Also the one that stays changes, in what it never reaches. */
function specsAt(change: number): { readonly all: { readonly limits: { readonly flowsPerSecond: number } } } {
  return { all: { limits: { flowsPerSecond: change % 5 === 0 ? 1_000_000 : 999_999 } } };
}

describe.runIf(mayCapture)(`a plan that changes ${CHANGES} times under load${whySkipped}`, () => {
  it('loses and doubles no record of the capture that stays, and balances for all the others', async () => {
    await using scene = await Scene.create('changes');
    const { client, server, dialler, acceptor } = scene;
    await using capture = await Capture.start({ pods: [client, server], captures: capturesAt(0), specs: specsAt(0) });
    const over = new AbortController();
    const inParts = async () => {
      let connections = 0;
      for (; !over.signal.aborted; connections += PART) {
        const listener = await acceptor.listen(server.ipv4, { backlog: 1024 });
        const orders = { connections: PART, send: 1, receive: 1, timeoutMs: TIMEOUT_MS };
        await Promise.all([listener.serve(orders), dialler.burst(listener, { ...orders, perSecond: PER_SECOND })]);
        await listener.close();
      }
      return connections;
    };
    const changing = async () => {
      for (let change = 1; change <= CHANGES; change++) {
        await capture.adopt(capturesAt(change), specsAt(change));
        await pause(PAUSE_MS);
      }
    };
    const [connections] = await Promise.all([inParts(), changing().finally(() => over.abort())]);
    await expect.poll(() => capture.report().node.openConnections, { timeout: TIMEOUT_MS }).toBe(0);
    const report = await capture.stop();

    const records = capture.flows.filter((flow) => flow.capture.includes('lab/all'));
    const numbers = new Set(records.map(({ id, observer, sequence }) => `${id} ${observer} ${sequence}`));
    expect(numbers.size).toBe(records.length);
    // One that changes hands while it lives has a record of until then, and one of the rest.
    const lives = Map.groupBy(records, ({ id, observer }) => `${id} ${observer}`);
    expect(lives.size).toBe(2 * connections);
    for (const parts of lives.values()) {
      const told = parts.map(({ sequence, tcp }) => [sequence, tcp?.closed]);
      expect(told).toEqual(parts.map((_, at) => [at, Number(at === parts.length - 1)]));
      const bytes = parts.map(({ source, destination }) => [source.bytes, destination.bytes]);
      expect(bytes.reduce(([a = 0, b = 0], [c = 0, d = 0]) => [a + c, b + d])).toEqual([1, 1]);
    }
    expect(accountOf(report, 'all')).toMatchObject({
      observed: records.length,
      exported: records.length,
      lost: { ringFull: 0, rateLimited: 0 },
      unaccounted: 0,
    });
    // Capture.stop() has seen to it that the others balance; each had some of the records and not all.
    for (const name of ['comes', 'client', 'changes']) {
      const { exported } = accountOf(report, name);
      expect(exported).toBeGreaterThan(0);
      expect(exported).toBeLessThan(2 * connections);
    }
  });
});

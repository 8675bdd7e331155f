import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountOf, Capture, type Captures } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { exchange, halvesOf } from '../support/exchange.ts';
import { listed } from '../support/pod-inventory.ts';
import { Scene } from '../support/scene.ts';

const MOST_IN_A_SET = 64;
const CONNECTIONS = 5;

/** `most-00`, `most-01` …, each of the pods with these labels. */
function many(count: number, labels: Readonly<Record<string, string>>): Captures {
  const names = Array.from({ length: count }, (_, index) => `most-${String(index).padStart(2, '0')}`);
  return Object.fromEntries(names.map((name) => [name, labels]));
}

describe.runIf(mayCapture)(`captures that overlap${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('overlap');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it(`share one record that lists all ${MOST_IN_A_SET} of them, once at each export`, async () => {
    const { client, server } = scene;
    const captures = many(MOST_IN_A_SET, { app: 'server' });
    await using capture = await Capture.start({ pods: [client, server], captures, exports: ['first', 'second'] });
    for (let opened = 0; opened < CONNECTIONS; opened++) await exchange(await scene.connection(), 31, 37);
    await capture.until(CONNECTIONS);
    const { accounts } = await capture.stop();
    expect(accounts).toHaveLength(MOST_IN_A_SET);
    for (const account of accounts) {
      expect(account).toMatchObject({ observed: CONNECTIONS, exported: CONNECTIONS, unaccounted: 0 });
    }
    const names = Object.keys(captures).map((name) => `lab/${name}`);
    for (const flows of capture.flowsByExport) {
      expect(flows.map((flow) => flow.capture)).toEqual(Array.from({ length: CONNECTIONS }, () => names));
      expect(new Set(flows.map(({ id }) => id)).size).toBe(CONNECTIONS);
    }
  });

  it('make several sets: each pod has those that select it, and each capture its own count', async () => {
    const { client, server } = scene;
    await using capture = await Capture.start({
      pods: [listed(client, { labels: { app: 'client', tier: 'edge' } }), server],
      captures: {
        all: {},
        clients: { app: 'client' },
        edge: { tier: 'edge' },
        none: { app: 'other' },
        servers: { app: 'server' },
      },
    });
    const told = await exchange(await scene.connection(), 41, 43);
    await capture.until(2);
    const [source, destination] = halvesOf(capture.flows, told.clientPort);
    expect(source.capture).toEqual(['lab/all', 'lab/clients', 'lab/edge']);
    expect(destination.capture).toEqual(['lab/all', 'lab/servers']);
    const report = await capture.stop();
    const counts = { all: 2, clients: 1, edge: 1, none: 0, servers: 1 };
    for (const [name, count] of Object.entries(counts)) {
      expect(accountOf(report, name)).toMatchObject({ observed: count, exported: count });
    }
  });
});

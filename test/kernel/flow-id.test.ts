import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { FAST_OPEN } from '../support/lab/peer.ts';
import { type Connection, type Dialling, Scene } from '../support/scene.ts';
import { sipHash } from '../support/siphash.ts';

const KEY_NUMBER = 7;
const SEQUENCES = 2 ** 32;

/** 16 hex digits: the keyed hash of both initial sequence numbers, the lower one first, little-endian. */
function flowIdOf(key: Uint8Array, isns: readonly [number, number]): string {
  const pair = new Uint8Array(Uint32Array.from(isns).toSorted().buffer);
  return sipHash(key, pair).toString(16).padStart(16, '0');
}

/** The initial sequence numbers of client and server, as both kernels' sockets tell them, after the client's `sent` bytes. */
async function isnsOf({ near, far }: Connection, sent: number): Promise<[number, number]> {
  const [client, server] = [await near.sequences(), await far.sequences()];
  expect([client.receive, server.receive]).toEqual([server.send, client.send]);
  return [(client.send - 1 - sent + SEQUENCES) % SEQUENCES, (server.send - 1 + SEQUENCES) % SEQUENCES];
}

const DIALLINGS: readonly { readonly name: string; readonly how: Dialling; readonly sent: number }[] = [
  { name: 'over IPv4', how: {}, sent: 0 },
  { name: 'over IPv6', how: { family: 'ipv6' }, sent: 0 },
  { name: 'with data in the SYN', how: { fastOpen: 211, fastOpenQueue: 5 }, sent: 211 },
];

describe.runIf(mayCapture)(`flow.id${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('flow-id');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(DIALLINGS)('is SipHash-2-4 of the two initial sequence numbers, $name', async ({ how, sent }) => {
    const { client, server } = scene;
    await Promise.all([client.netns.sysctl(FAST_OPEN), server.netns.sysctl(FAST_OPEN)]);
    const flowIdKey = randomBytes(16);
    await using capture = await Capture.start({
      pods: [client, server],
      limits: { flowIdKey, flowIdKeyNumber: KEY_NUMBER },
    });
    const ids: string[] = [];
    // Which of the two numbers is the lower one is left to chance, so some connections have it either way.
    for (let opened = 0; opened < 8; opened++) {
      const connection = await scene.connection(how);
      await connection.far.receive(sent);
      ids.push(flowIdOf(flowIdKey, await isnsOf(connection, sent)));
      await Promise.all([connection.near.close(), connection.far.close()]);
    }
    await capture.until(2 * ids.length);
    for (const observer of ['source', 'destination']) {
      const halves = capture.flows.filter((flow) => flow.observer === observer);
      expect(halves).toHaveLength(ids.length);
      expect(new Set(halves.map(({ id }) => id))).toEqual(new Set(ids));
      expect(new Set(halves.map(({ idKey }) => idKey))).toEqual(new Set([KEY_NUMBER]));
    }
  });

  it("is checked by a SipHash that gives the paper's own example", () => {
    const key = Uint8Array.from({ length: 16 }, (_, index) => index);
    const message = Uint8Array.from({ length: 15 }, (_, index) => index);
    expect(sipHash(key, message).toString(16)).toBe('a129ca6149be45e5');
  });
});

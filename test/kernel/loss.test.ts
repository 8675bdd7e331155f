import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { exchange, expectExact, halvesOf } from '../support/exchange.ts';
import { dropEvery, type Hook } from '../support/lab/rules.ts';
import { Scene } from '../support/scene.ts';

interface Loss {
  readonly name: string;
  readonly hook: Hook;
  readonly where: 'router' | 'server' | 'client';
  /** What is refused locally never left: the kernel need not count it as sent again. */
  readonly leastRetransmits: number;
}

const LOSSES: readonly Loss[] = [
  { name: 'at the router', hook: 'forward', where: 'router', leastRetransmits: 1 },
  { name: 'at the receiver, after it came in', hook: 'input', where: 'server', leastRetransmits: 1 },
  { name: 'at the sender, before it leaves', hook: 'output', where: 'client', leastRetransmits: 0 },
];

describe.runIf(mayCapture)(`segments that are lost${whySkipped}`, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.create('loss');
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(LOSSES)('$name leave the bytes exact', async ({ hook, where, leastRetransmits }) => {
    await using capture = await Capture.start({ pods: [scene.client, scene.server] });
    const loss = await dropEvery(scene[where].netns, hook, 7);
    const told = await exchange(await scene.connection(), 1_000_003, 300_007);
    expect(await loss.packets()).toBeGreaterThan(0);
    await loss.remove();
    await capture.until(2);
    const halves = halvesOf(capture.flows, told.clientPort);
    expectExact(halves, told);
    expect(halves[0].tcp?.retransmits).toBeGreaterThanOrEqual(leastRetransmits);
  });
});

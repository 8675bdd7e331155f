import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { heldBy, programNames, stillThere } from '../support/bpf-objects.ts';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { exchange, expectExact, halvesOf } from '../support/exchange.ts';
import { Scene } from '../support/scene.ts';

const AGENT = fileURLToPath(new URL('../support/agent.fixture.ts', import.meta.url));
/** Which of the two reports, is the kernel's choice. */
const PROGRAMS = [
  expect.stringMatching(/^report_(?:stored|held)$/),
  'take_over_connections',
  'tcp_by_process',
  'tcp_by_packet',
];
/** The kernel frees maps of socket storage some time after their last user is gone. */
const FREED_WITHIN = { timeout: 30_000, interval: 20 };

describe.runIf(mayCapture)(`two agents on one machine${whySkipped}`, () => {
  it('see the same connections, each with its own key, and one goes on when the other stops', async () => {
    await using scene = await Scene.create('agents');
    const pods = [scene.client, scene.server];
    await using first = await Capture.start({ pods });
    await using second = await Capture.start({ pods, captures: { servers: { app: 'server' } } });
    const told = await exchange(await scene.connection(), 10_007, 100_003);
    await Promise.all([first.until(2), second.until(1)]);
    const [source, destination] = halvesOf(first.flows, told.clientPort);
    expectExact([source, destination], told);
    const [other] = second.flows;
    expect(other).toEqual({
      ...destination,
      id: other?.id,
      capture: ['lab/servers'],
      start: other?.start,
      end: other?.end,
    });
    expect(other?.id).not.toBe(destination.id);

    await first.stop();
    const later = await exchange(await scene.connection(), 7, 11);
    await second.until(2);
    expect(first.flows).toHaveLength(2);
    expect(second.flows[1]).toMatchObject({
      source: { port: later.clientPort, bytes: 7 },
      destination: { bytes: 11 },
    });
    expect((await second.stop()).accounts).toMatchObject([{ observed: 2, exported: 2 }]);
  });
});

describe.runIf(mayCapture)(`an agent's end${whySkipped}`, () => {
  it('leaves no program, map or link in the kernel, with connections still open', async () => {
    await using scene = await Scene.create('end');
    const before = heldBy(process.pid);
    await using capture = await Capture.start({ pods: [scene.client, scene.server] });
    const { near, far } = await scene.connection();
    const held = new Set([...heldBy(process.pid)].filter((object) => !before.has(object)));
    expect(programNames(held)).toEqual(PROGRAMS);
    expect(capture.report().node.openConnections).toBe(2);
    await capture.stop();
    expect(heldBy(process.pid)).toEqual(before);
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
    await Promise.all([near.close(), far.close()]);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('leaves nothing either when %s ends its process', async (signal) => {
    const agent = spawn(process.execPath, [AGENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [word]: unknown[] = await Promise.race([once(agent.stdout, 'data'), once(agent, 'exit')]);
    expect(String(word)).toBe('capturing\n');
    const held = heldBy(agent.pid ?? 0);
    expect(programNames(held)).toEqual(PROGRAMS);
    expect(stillThere(held)).toEqual([...held]);
    agent.kill(signal);
    await once(agent, 'exit');
    await vi.waitFor(() => expect(stillThere(held)).toEqual([]), FREED_WITHIN);
  });
});

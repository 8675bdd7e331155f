import { describe, expect, it } from 'vitest';
import { monotonicNanos } from '../../src/agent/load/libc.ts';
import { Capture } from '../support/capture.ts';
import { mayCapture, whySkipped } from '../support/capture-requirements.ts';
import { endInOrder, Scene } from '../support/scene.ts';

const OFTEN = { all: { reporting: { activeSeconds: 1, idleSeconds: 1 }, limits: { flowsPerSecond: 1000 } } };
const PATIENCE_MS = 40_000;
const OFFSET_MICROS = 1_795_291_200_000_000;
const HOUR_MICROS = 3_600_000_000;
/** Where the clock is set to before each burst, hours from where it began. */
const STEPS = [0, 1, -2, 0, 20_000, -20_000];
const BYTES = 1_001;

describe.runIf(mayCapture)(`a wall clock that is set while flows are captured${whySkipped}`, () => {
  it('moves the times of each record alike, and takes nothing from their order, bytes and durations', async () => {
    await using scene = await Scene.create('clock');
    const { client, server } = scene;
    let hours = 0;
    await using capture = await Capture.start({
      pods: [client, server],
      specs: OFTEN,
      wallOffset: () => offsetAt(hours),
    });
    const before = Math.floor(monotonicNanos() / 1000);
    const connection = await scene.connection();
    const { near, far } = connection;
    for (const step of STEPS) {
      hours = step;
      const told = capture.flows.length;
      await Promise.all([near.send(BYTES), far.receive(BYTES)]);
      await near.wait({ unacked: 0 });
      await capture.until(told + 2, PATIENCE_MS);
    }
    await endInOrder(connection);
    await expect.poll(() => capture.report().node.openConnections, { timeout: PATIENCE_MS }).toBe(0);
    const after = Math.ceil(monotonicNanos() / 1000);
    expect((await capture.stop()).accounts).toMatchObject([{ lost: { rateLimited: 0 }, unaccounted: 0 }]);

    // Every record has the clock of when it was read, for its start and for its end.
    const taken = (micros: number) => STEPS.filter((step) => isWithin(micros - offsetAt(step), before, after));
    for (const observer of ['source', 'destination']) {
      const parts = capture.flows.filter((flow) => flow.observer === observer);
      expect(parts.map(({ sequence }) => sequence)).toEqual(parts.map((_, at) => at));
      expect(parts.reduce((bytes, { source }) => bytes + source.bytes, 0)).toBe(STEPS.length * BYTES);
      const clocks = parts.map(({ start }) => taken(start)[0]);
      expect(new Set(clocks)).toEqual(new Set(STEPS));
      expect(parts.map(({ end }) => taken(end)[0])).toEqual(clocks);
      // Taken back, each begins to the microsecond where the one before it ended.
      const [starts, ends] = [parts.map(({ start }) => start), parts.map(({ end }) => end)].map((times) =>
        times.map((time, at) => time - offsetAt(clocks[at] ?? 0)),
      );
      expect(starts?.slice(1)).toEqual(ends?.slice(0, -1));
      expect(ends).toEqual(ends?.toSorted((a, b) => a - b));
    }
  });
});

/** Of the wall clock when it is set so far, µs. */
function offsetAt(hours: number): number {
  return OFFSET_MICROS + hours * HOUR_MICROS;
}

function isWithin(value: number, least: number, most: number): boolean {
  return least <= value && value <= most;
}

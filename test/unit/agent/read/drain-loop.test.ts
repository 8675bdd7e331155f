import { describe, expect, it } from 'vitest';
import { DrainLoop, type DrainSource } from '../../../../src/agent/read/drain-loop.ts';

const RING_BYTES = 6400;
const TURN = 256;

/** What one wait of the loop meets: so many bytes in the ring, and what each drain then returns. */
interface Turn {
  readonly backlog?: number;
  readonly drained?: readonly number[];
}

/** Plays the turns one after the other, then stops the loop. */
class ScriptedSource implements DrainSource {
  readonly bytes = RING_BYTES;
  readonly waits: number[] = [];
  readonly limits: number[] = [];
  loop: DrainLoop | undefined;
  stopped: Promise<void> | undefined;
  readonly #turns: Turn[];
  #drained: number[] = [];
  #backlog = 0;

  constructor(turns: readonly Turn[]) {
    this.#turns = [...turns];
  }

  backlogBytes(): number {
    return this.#backlog;
  }

  drain(limit: number): number {
    this.limits.push(limit);
    return this.#drained.shift() ?? 0;
  }

  async wait(millis: number): Promise<void> {
    this.waits.push(millis);
    const turn = this.#turns.shift();
    this.#backlog = turn?.backlog ?? 0;
    this.#drained = [...(turn?.drained ?? [])];
    if (turn === undefined) this.stopped = this.loop?.stop();
  }
}

async function play(turns: readonly Turn[]): Promise<{ source: ScriptedSource; failures: unknown[] }> {
  const source = new ScriptedSource(turns);
  const failures: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  source.loop = new DrainLoop(source, (error) => {
    failures.push(error);
    resolve();
  });
  source.loop.start();
  while (source.stopped === undefined && failures.length === 0) await new Promise(setImmediate);
  if (failures.length === 0) resolve();
  await promise;
  await source.stopped;
  return { source, failures };
}

describe('a drain loop', () => {
  it('waits longer and longer, up to 250 ms, while little comes', async () => {
    const { source } = await play([{}, {}, {}, {}]);
    expect(source.waits).toEqual([50, 100, 200, 250, 250]);
  });

  it('waits shorter and shorter, down to 50 ms, while much comes', async () => {
    const busy = { backlog: RING_BYTES / 16 + 1 };
    const { source } = await play([{}, {}, {}, busy, busy, busy, busy]);
    expect(source.waits).toEqual([50, 100, 200, 250, 125, 62.5, 50, 50]);
  });

  it.each([
    ['exactly a quarter of the busy share', RING_BYTES / 64],
    ['exactly the busy share', RING_BYTES / 16],
  ])('keeps its interval at %s', async (_, backlog) => {
    const { source } = await play([{ backlog }, { backlog }]);
    expect(source.waits).toEqual([50, 50, 50]);
  });

  it('goes on in turns of 256 records until one is not full', async () => {
    const { source } = await play([{ drained: [TURN, TURN, 17] }, { drained: [3] }]);
    // Three, one, the empty turn in which it is stopped, and the end's.
    expect(source.limits).toEqual(Array.from({ length: 6 }, () => TURN));
    expect(source.waits).toHaveLength(3);
  });

  it('lets timers and sinks run between two full turns', async () => {
    const order: string[] = [];
    const source: DrainSource = {
      bytes: RING_BYTES,
      backlogBytes: () => 0,
      wait: async () => {
        if (order.length > 0) void loop.stop();
      },
      drain() {
        if (order.length >= 3) return 0;
        order.push('drain');
        setImmediate(() => order.push('other work'));
        return TURN;
      },
    };
    const loop = new DrainLoop(source, () => undefined);
    loop.start();
    while (order.length < 4) await new Promise(setImmediate);
    await loop.stop();
    expect(order).toEqual(['drain', 'other work', 'drain', 'other work']);
  });

  it('handles everything that still waits before it has ended, in turns', async () => {
    const drained = [TURN, 17, 0];
    const order: string[] = [];
    const source: DrainSource = {
      bytes: RING_BYTES,
      backlogBytes: () => 0,
      wait: async () => undefined,
      drain() {
        order.push('drain');
        setImmediate(() => order.push('other work'));
        return drained.shift() ?? 0;
      },
    };
    await new DrainLoop(source, () => undefined).stop();
    expect(drained).toEqual([]);
    expect(order).toEqual(['drain', 'other work', 'drain', 'other work', 'drain']);
  });

  it('tells a failure, has ended then, and tells one at the end too, without rejecting', async () => {
    const fault = new Error('a ring that cannot be read');
    const source = new ScriptedSource([{ drained: [1] }, { drained: [1] }]);
    const failures: unknown[] = [];
    const loop = new DrainLoop({ ...shell(source), drain: () => raise(fault) }, (error) => failures.push(error));
    loop.start();
    await loop.stop();
    expect(failures).toEqual([fault, fault]);
    expect(source.waits).toEqual([50]);
  });

  it('runs once, however often it is started, and stops at once when it never was', async () => {
    const source = new ScriptedSource([]);
    const loop = new DrainLoop(source, () => undefined);
    await loop.stop();
    loop.start();
    loop.start();
    await loop.stop();
    expect(source.waits).toEqual([]);
  });
});

function shell(source: ScriptedSource): DrainSource {
  return {
    bytes: source.bytes,
    backlogBytes: () => source.backlogBytes(),
    wait: (millis) => source.wait(millis),
    drain: (limit) => source.drain(limit),
  };
}

function raise(error: Error): never {
  throw error;
}

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Listener } from '../../../src/telemetry/http.ts';
import { serveProfiling } from '../../../src/telemetry/profiling.ts';

const MEBIBYTE = 2 ** 20;

let server: Listener;

/** A function that a profile names. */
interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: CallFrame }[];
}

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://${server.address}${path}`, init);
}

async function answer(path: string, init: RequestInit = {}): Promise<string> {
  const response = await get(path, init);
  return `${response.status} ${await response.text()}`;
}

function flat(node: HeapNode): readonly HeapNode[] {
  return [node, ...node.children.flatMap(flat)];
}

/** Has this name in a profile. */
function burnForTheProfile(): number {
  const end = performance.now() + 100;
  let sum = 0;
  while (performance.now() < end) sum += Math.sqrt(sum + 1);
  return sum;
}

/** So many objects, each with text of its own. */
function keepForTheProfile(count: number): readonly { readonly secret: string }[] {
  return Array.from({ length: count }, (_, index) => ({ secret: `swordfish ${index}` }));
}

beforeEach(async () => {
  server = await serveProfiling(0);
});

afterEach(() => server.close());

describe('the profiling endpoint', () => {
  test('listens on loopback alone', () => {
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('gives a CPU profile of as many seconds, one at a time', async () => {
    const begin = performance.now();
    const asked = [get('/debug/cpu?seconds=1'), get('/debug/cpu?seconds=1')];
    const refused = await Promise.race(asked);
    expect(`${refused.status} ${await refused.text()}`).toBe(
      '409 a CPU profile is being taken: try again when it has ended\n',
    );
    burnForTheProfile();
    const taken = (await Promise.all(asked)).filter(({ status }) => status === 200);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(1_000);
    expect(taken).toHaveLength(1);
    const profile: CpuProfile = JSON.parse((await taken[0]?.text()) ?? '');
    expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContain('burnForTheProfile');
  });

  test('ends a CPU profile when nobody waits for it any more, so that the next can begin', async () => {
    const patience = new AbortController();
    const asked = [1, 2].map(() => get('/debug/cpu?seconds=60', { signal: patience.signal }));
    // One is refused, so the other runs.
    expect(await Promise.race(asked)).toMatchObject({ status: 409 });
    patience.abort();
    const ends = await Promise.allSettled(asked);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect.poll(async () => (await get('/debug/cpu?seconds=1')).status, { timeout: 30_000 }).toBe(200);
  });

  test('gives a heap profile with functions and sizes, and none of the values', async () => {
    const kept = keepForTheProfile(400_000);
    const text = await (await get('/debug/heap')).text();
    const { head }: { head: HeapNode } = JSON.parse(text);
    expect(kept.at(-1)).toEqual({ secret: 'swordfish 399999' });
    const own = flat(head).filter(({ callFrame }) => callFrame.url.endsWith('profiling.test.ts'));
    expect(own.reduce((sum, { selfSize }) => sum + selfSize, 0)).toBeGreaterThan(8 * MEBIBYTE);
    expect(text).not.toContain('swordfish');
    expect(text.length).toBeLessThan(MEBIBYTE);
  });

  test.each(['0', '61', '-1', '1.5', 'x', ''])('refuses seconds=%s', async (seconds) => {
    expect(await answer(`/debug/cpu?seconds=${seconds}`)).toBe('400 seconds is a whole number from 1 to 60\n');
  });

  test('has nothing else', async () => {
    expect(await answer('/metrics')).toBe('404 /debug/cpu?seconds=N and /debug/heap are here\n');
    expect(await answer('/debug/heap', { method: 'POST' })).toBe('405 GET only\n');
  });

  test('a port that is taken is told as such', async () => {
    const port = Number(server.address.split(':')[1]);
    await expect(serveProfiling(port)).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});

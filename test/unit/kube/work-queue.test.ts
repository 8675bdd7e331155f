import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ApiError } from '../../../src/kube/api-error.ts';
import { WorkQueue } from '../../../src/kube/work-queue.ts';
import { ManualTimers, settle } from '../../support/manual-timers.ts';

let timers: ManualTimers;
/** Keys in the order in which work on them began. */
let began: string[];
let errors: string[];
let running: Map<string, PromiseWithResolvers<void>>;
let queue: WorkQueue;
let onBegin: (key: string) => void;

async function add(...keys: readonly string[]): Promise<void> {
  for (const key of keys) queue.add(key);
  await settle();
}

async function finish(key: string, error?: Error): Promise<void> {
  const work = running.get(key);
  running.delete(key);
  if (error === undefined) work?.resolve();
  else work?.reject(error);
  await settle();
}

function reset(): void {
  onBegin = () => undefined;
  timers = new ManualTimers();
  [began, errors, running] = [[], [], new Map()];
  queue = new WorkQueue({
    work: (key) => {
      if (running.has(key)) throw new Error(`${key} is worked on twice at once`);
      began.push(key);
      onBegin(key);
      const work = Promise.withResolvers<void>();
      running.set(key, work);
      return work.promise;
    },
    concurrency: 2,
    timers,
    clock: () => timers.now,
    random: () => 0.5,
    onError: (key, error, retryMillis) => errors.push(`${key} ${String(error)} ${retryMillis}`),
  });
}

beforeEach(reset);

const KEYS = ['a', 'b', 'c', 'd'];
const step = fc.record({
  what: fc.constantFrom('add', 'later', 'succeed', 'fail', 'pass'),
  key: fc.constantFrom(...KEYS),
  millis: fc.nat(500),
});

describe('a work queue', () => {
  test('works on every key after it was added last, at most two at once, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        reset();
        /** Keys whose last addition no work has begun after. */
        const owed = new Set<string>();
        onBegin = (key) => owed.delete(key);
        for (const { what, key, millis } of steps) {
          if (what === 'add') owed.add(key);
          if (what === 'add') await add(key);
          else if (what === 'later') queue.addAfter(key, millis);
          else if (what === 'pass') await timers.pass(millis);
          else await finish(key, what === 'fail' ? new Error('no') : undefined);
          expect(running.size).toBeLessThanOrEqual(2);
          expect(queue.size === 0 || running.size === 2).toBe(true);
        }
        // Longer than any pause after a failure.
        await timers.pass(20_000);
        while (running.size > 0) for (const key of KEYS) await finish(key);
        expect(owed).toEqual(new Set());
        expect(errors.filter((error) => error.includes('twice'))).toEqual([]);
        await queue.stop();
      }),
    );
  });

  test('works on a key once however often it is added, first come, first served, so many at once', async () => {
    await add('a', 'b', 'c', 'd', 'c', 'd', 'c');
    expect(began).toEqual(['a', 'b']);
    expect(queue.size).toBe(2);
    await finish('b');
    expect(began).toEqual(['a', 'b', 'c']);
    await finish('a');
    await finish('c');
    await finish('d');
    expect(began).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.size).toBe(0);
  });

  test('begins after whoever adds has ended its turn: of changes that come together, all are seen', async () => {
    queue.add('a');
    expect(began).toEqual([]);
    await settle();
    expect(began).toEqual(['a']);
  });

  test('works once more on what is added meanwhile, and never twice at once', async () => {
    await add('a');
    await add('a', 'a', 'a');
    expect(began).toEqual(['a']);
    await finish('a');
    expect(began).toEqual(['a', 'a']);
    await finish('a');
    expect(began).toEqual(['a', 'a']);
  });

  test('adds later: of several times the earliest, and none when it is added before', async () => {
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 300);
    await timers.pass(99);
    expect(began).toEqual([]);
    await timers.pass(1);
    expect(began).toEqual(['a']);
    await finish('a');
    queue.addAfter('a', 100);
    await add('a');
    await finish('a');
    expect(timers.armed).toBe(0);
    await timers.pass(1000);
    expect(began).toEqual(['a', 'a']);
  });

  test('needs no time for a key whose turn comes anyhow', async () => {
    await add('a', 'b', 'c');
    await add('a');
    for (const key of ['a', 'c']) queue.addAfter(key, 100);
    expect(timers.armed).toBe(0);
    for (const key of ['a', 'b', 'c', 'a']) await finish(key);
    expect(began).toEqual(['a', 'b', 'c', 'a']);
  });

  test('keeps a time that comes while the key is worked on', async () => {
    await add('a');
    queue.addAfter('a', 100);
    await finish('a');
    await timers.pass(100);
    expect(began).toEqual(['a', 'a']);
  });

  test('tries again what fails, later each time, and from the beginning after a success', async () => {
    await add('a');
    for (const pause of [200, 400, 800]) {
      await finish('a', new Error('no'));
      expect(errors.pop()).toBe(`a Error: no ${pause}`);
      await timers.pass(pause - 1);
      expect(running.size).toBe(0);
      await timers.pass(1);
      expect(running.size).toBe(1);
    }
    await finish('a');
    await add('a');
    await finish('a', new Error('again'));
    expect(errors.at(-1)).toBe('a Error: again 200');
  });

  test('what failed is not tried before its time, however often it is added, and only once', async () => {
    await add('a');
    await add('a');
    await finish('a', new Error('no'));
    await add('a', 'a');
    queue.addAfter('a', 50);
    await timers.pass(199);
    expect(began).toEqual(['a']);
    await timers.pass(1);
    expect(began).toEqual(['a', 'a']);
    await finish('a');
    expect([began, errors, timers.armed]).toEqual([['a', 'a'], ['a Error: no 200'], 0]);
  });

  test('counts the failures of each key by itself', async () => {
    await add('a');
    await finish('a', new Error('no'));
    await timers.pass(200);
    await finish('a', new Error('no'));
    await add('b');
    await finish('b', new Error('no'));
    expect(errors).toEqual(['a Error: no 200', 'a Error: no 400', 'b Error: no 200']);
    expect(timers.armed).toBe(2);
  });

  test('waits as long as an API server asks for', async () => {
    await add('a');
    await finish('a', new ApiError(429, 'TooManyRequests', 'later', 7000));
    expect(errors).toEqual(['a ApiError: later 7000']);
    await add('a');
    await timers.pass(6999);
    expect(running.size).toBe(0);
    await timers.pass(1);
    expect(running.size).toBe(1);
    await finish('a');
  });

  test('stops: begins nothing new, drops what waits, and waits for what is under way', async () => {
    await add('a', 'b', 'c');
    queue.addAfter('d', 100);
    await add('a');
    const ended: string[] = [];
    // As an impatient person would.
    const stopping = ['once', 'twice'].map((name) => queue.stop().then(() => ended.push(name)));
    queue.add('e');
    queue.addAfter('f', 100);
    await finish('a');
    expect(ended).toEqual([]);
    await finish('b', new Error('too late'));
    expect(ended).toEqual(['once', 'twice']);
    await Promise.all(stopping);
    expect(timers.armed).toBe(0);
    await timers.pass(100_000);
    expect(began).toEqual(['a', 'b']);
    await queue.stop();
  });
});

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

async function finish(key: string, error?: Error): Promise<void> {
  const work = running.get(key);
  running.delete(key);
  if (error === undefined) work?.resolve();
  else work?.reject(error);
  await settle();
}

beforeEach(() => {
  timers = new ManualTimers();
  [began, errors, running] = [[], [], new Map()];
  queue = new WorkQueue({
    work: (key) => {
      if (running.has(key)) throw new Error(`${key} is worked on twice at once`);
      began.push(key);
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
});

describe('a work queue', () => {
  test('works on a key once however often it is added, first come, first served, so many at once', async () => {
    for (const key of ['a', 'b', 'c', 'd', 'c', 'd', 'c']) queue.add(key);
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

  test('works once more on what is added meanwhile, and never twice at once', async () => {
    queue.add('a');
    for (let times = 0; times < 3; times += 1) queue.add('a');
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
    queue.add('a');
    await finish('a');
    expect(timers.armed).toBe(0);
    await timers.pass(1000);
    expect(began).toEqual(['a', 'a']);
  });

  test('keeps a time that comes while the key is worked on', async () => {
    queue.add('a');
    queue.addAfter('a', 100);
    await finish('a');
    await timers.pass(100);
    expect(began).toEqual(['a', 'a']);
  });

  test('tries again what fails, later each time, at once when it is added, and from the beginning after a success', async () => {
    queue.add('a');
    for (const pause of [200, 400, 800]) {
      await finish('a', new Error('no'));
      expect(errors.pop()).toBe(`a Error: no ${pause}`);
      await timers.pass(pause - 1);
      expect(running.size).toBe(0);
      await timers.pass(1);
      expect(running.size).toBe(1);
    }
    await finish('a', new Error('no'));
    queue.add('a');
    expect(running.size).toBe(1);
    await finish('a');
    queue.add('a');
    await finish('a', new Error('again'));
    expect(errors.at(-1)).toBe('a Error: again 200');
  });

  test('waits as long as an API server asks for', async () => {
    queue.add('a');
    await finish('a', new ApiError(429, 'TooManyRequests', 'later', 7000));
    expect(errors).toEqual(['a ApiError: later 7000']);
    await timers.pass(6999);
    expect(running.size).toBe(0);
    await timers.pass(1);
    expect(running.size).toBe(1);
    await finish('a');
  });

  test('stops: begins nothing new, drops what waits, and waits for what is under way', async () => {
    for (const key of ['a', 'b', 'c']) queue.add(key);
    queue.addAfter('d', 100);
    queue.add('a');
    const ended: string[] = [];
    const stopping = queue.stop().then(() => ended.push('stopped'));
    queue.add('e');
    await finish('a');
    expect(ended).toEqual([]);
    await finish('b', new Error('too late'));
    await stopping;
    await timers.pass(100_000);
    expect(began).toEqual(['a', 'b']);
    await queue.stop();
  });
});

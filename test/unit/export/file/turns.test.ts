import { expect, test } from 'vitest';
import { Turns } from '../../../../src/export/file/turns.ts';
import { settle } from '../../../support/manual-timers.ts';

/** Tasks that begin when they may and end when the test says so. */
class Tasks {
  readonly turns: Turns;
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<string>>();

  constructor(lanes: number) {
    this.turns = new Turns(lanes);
  }

  /** @param name whose first letter is the lane. */
  run(name: string): Promise<string> {
    const end = Promise.withResolvers<string>();
    this.#ends.set(name, end);
    return this.turns.run(name.slice(0, 1), () => {
      this.begun.push(name);
      return end.promise;
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.resolve(name);
    await settle();
  }

  async fail(name: string): Promise<void> {
    this.#ends.get(name)?.reject(new Error(name));
    await settle();
  }
}

test('tasks of a lane run one after another, in the order of the calls, also after one fails', async () => {
  const tasks = new Tasks(2);
  const all = Promise.allSettled(['a1', 'a2', 'a3'].map((name) => tasks.run(name)));
  await settle();
  expect(tasks.begun).toEqual(['a1']);
  await tasks.fail('a1');
  expect(tasks.begun).toEqual(['a1', 'a2']);
  await tasks.end('a2');
  await tasks.end('a3');
  expect(await all).toEqual([
    { status: 'rejected', reason: new Error('a1') },
    { status: 'fulfilled', value: 'a2' },
    { status: 'fulfilled', value: 'a3' },
  ]);
});

test('a lane that hangs holds up no other, and no more lanes run at once than may', async () => {
  const tasks = new Tasks(2);
  for (const name of ['a1', 'a2', 'b1', 'c1', 'b2']) void tasks.run(name);
  await settle();
  expect(tasks.begun).toEqual(['a1', 'b1']);
  await tasks.end('b1');
  expect(tasks.begun).toEqual(['a1', 'b1', 'c1']);
  await tasks.end('c1');
  expect(tasks.begun).toEqual(['a1', 'b1', 'c1', 'b2']);
  await tasks.end('a1');
  expect(tasks.begun).toEqual(['a1', 'b1', 'c1', 'b2', 'a2']);
});

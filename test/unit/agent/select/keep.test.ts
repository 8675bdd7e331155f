import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { keepSelected, type SelectionKeeper } from '../../../../src/agent/select/keep.ts';
import { SelectionMap } from '../../../../src/agent/select/selection-map.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';

/** Notifications come when the kernel has time. */
const PATIENT = { timeout: 15_000, interval: 5 };

let directories: TemporaryTree;
let timers: ManualTimers;
let writes: string[][];
let failures: unknown[];
let keeper: SelectionKeeper;
let refuse: Error | undefined;

beforeEach(() => {
  directories = new TemporaryTree();
  directories.make('/a');
  timers = new ManualTimers();
  writes = [];
  failures = [];
  refuse = undefined;
  const tree = new CgroupTree(directories.mount, () => 0);
  const target = {
    maxEntries: 100,
    keys: () => [],
    lookup: () => false,
    update: () => undefined,
    delete: () => undefined,
  };
  const desired = () => {
    if (refuse !== undefined) throw refuse;
    writes.push([...tree.cgroups.keys()]);
    return {
      defaultSet: 0,
      entries: new Map<number, number>(),
      present: new Set(tree.cgroups.values()),
      refused: new Set<number>(),
    };
  };
  const selection = new SelectionMap(target, target, { before: () => undefined, after: () => undefined });
  keeper = keepSelected(tree, selection, desired, timers, (error) => failures.push(error));
});
afterEach(() => {
  keeper.stop();
  directories[Symbol.dispose]();
});

/** One timer is armed always; a notification replaces it by one that is due soon. */
async function passUntil(expected: number): Promise<void> {
  await vi.waitFor(async () => {
    await timers.pass(5);
    expect(writes.length).toBeGreaterThanOrEqual(expected);
  }, PATIENT);
}

describe('a selection that is kept', () => {
  it('is written at once', () => {
    expect(writes).toEqual([['/', '/a']]);
  });

  it('is written again soon after a cgroup came, and after one went', async () => {
    directories.make('/a/new');
    await passUntil(2);
    expect(writes.at(-1)).toEqual(['/', '/a', '/a/new']);
    const before = writes.length;
    directories.remove('/a/new');
    await passUntil(before + 1);
    expect(writes.at(-1)).toEqual(['/', '/a']);
  });

  it('is written again every 10 s, for what inotify did not tell', async () => {
    await timers.pass(9_999);
    expect(writes).toHaveLength(1);
    await timers.pass(1);
    expect(writes).toHaveLength(2);
    await timers.pass(10_000);
    expect(writes).toHaveLength(3);
    expect(timers.armed).toBe(1);
  });

  it('is written soon after pods have changed, from the tree as it is known', async () => {
    directories.make('/unseen');
    for (let times = 0; times < 3; times += 1) keeper.changed();
    await timers.pass(5);
    expect(writes).toEqual([
      ['/', '/a'],
      ['/', '/a'],
    ]);
    expect(failures).toEqual([]);
  });

  it('goes on looking after a write at once that failed', async () => {
    refuse = new Error('the kernel refused');
    expect(() => keeper.refresh()).toThrow(refuse);
    refuse = undefined;
    await timers.pass(10_000);
    expect([writes.length, failures]).toEqual([2, []]);
  });

  it('is written no more after the stop', async () => {
    keeper.stop();
    expect(timers.armed).toBe(0);
    directories.make('/b');
    await timers.pass(20_000);
    expect(writes).toHaveLength(1);
  });

  it('tells a write that fails, and leaves it at that', async () => {
    refuse = new Error('the kernel refused');
    await timers.pass(10_000);
    expect(failures).toEqual([refuse]);
    expect(timers.armed).toBe(0);
    await timers.pass(10_000);
    expect(failures).toHaveLength(1);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';

/** Notifications come when the kernel has time. */
const PATIENT = { timeout: 15_000, interval: 5 };

let directories: TemporaryTree;
let now: number;
let tree: CgroupTree;

beforeEach(() => {
  directories = new TemporaryTree();
  directories.make('/pods/web/container');
  now = 1000;
  tree = new CgroupTree(directories.mount, () => now);
});
afterEach(() => {
  tree.close();
  directories[Symbol.dispose]();
});

describe('a cgroup tree', () => {
  it('knows every directory by its inode number, and no file', () => {
    writeFileSync(join(directories.mount, 'cgroup.procs'), '');
    tree.rescan();
    expect(tree.cgroups).toEqual(
      new Map(['/', '/pods', '/pods/web', '/pods/web/container'].map((path) => [path, directories.id(path)])),
    );
    expect(tree.find(directories.id('/pods/web'))).toBe('/pods/web');
    expect(tree.find(directories.id('/'))).toBe('/');
    expect(tree.omitted).toBe(0);
  });

  it('looks for an id that it does not know, but not more often than every 100 ms', () => {
    const id = directories.make('/new');
    now += 99;
    expect(tree.find(id)).toBeUndefined();
    now += 1;
    expect(tree.find(id)).toBe('/new');
    const later = directories.make('/later');
    now += 99;
    expect(tree.find(later)).toBeUndefined();
    now += 1;
    expect(tree.find(later)).toBe('/later');
  });

  it('tells after every rescan, when what there is is known', () => {
    const known: boolean[] = [];
    const id = directories.make('/new');
    tree.whenRescanned(() => known.push(tree.cgroups.get('/new') === id));
    tree.rescan();
    now += 100;
    tree.find(0);
    expect(known).toEqual([true, true]);
  });

  it('rests ten times as long as a rescan took, from its end, before an unknown id has it look again', () => {
    let asked = 0;
    // A scan begins at one reading of this clock and ends at the next, 30 ms later.
    const slow = new CgroupTree(directories.mount, () => now + 30 * asked++);
    const id = directories.make('/new');
    const endedAt = now + 30;
    const findAt = (millis: number): string | undefined => {
      now = millis;
      asked = 0;
      return slow.find(id);
    };
    expect(findAt(endedAt + 299)).toBeUndefined();
    expect(findAt(endedAt + 300)).toBe('/new');
  });

  it('remembers a cgroup that is gone, but does not count it among those that are there', () => {
    const id = directories.id('/pods/web/container');
    directories.remove('/pods/web/container');
    tree.rescan();
    expect(tree.find(id)).toBe('/pods/web/container');
    expect([...tree.cgroups.keys()]).toEqual(['/', '/pods', '/pods/web']);
    tree.rescan();
    expect(tree.find(id)).toBe('/pods/web/container');
  });

  it('tells the cgroup that is gone from the one that has its path now', () => {
    const before = directories.id('/pods/web');
    const after = directories.replace('/pods/web');
    tree.rescan();
    expect(after).not.toBe(before);
    expect([tree.find(before), tree.find(after)]).toEqual(['/pods/web', '/pods/web']);
    expect(tree.cgroups.get('/pods/web')).toBe(after);
  });

  it('is empty when its mount is not there', () => {
    const nowhere = new CgroupTree(join(directories.mount, 'nowhere'), () => 0);
    expect(nowhere.cgroups.size).toBe(0);
    expect(nowhere.find(1)).toBeUndefined();
  });

  it('goes no deeper than 16 levels, and counts what it leaves out', () => {
    directories.make(Array.from({ length: 18 }, () => '/d').join(''));
    tree.rescan();
    const depths = [...tree.cgroups.keys()].map((path) => (path === '/' ? 0 : path.split('/').length - 1));
    expect(Math.max(...depths)).toBe(16);
    expect(tree.omitted).toBe(1);
  });
});

describe('a watched cgroup tree', () => {
  let changes: number;

  beforeEach(() => {
    changes = 0;
    tree.watch(() => changes++);
    tree.rescan();
  });

  /** Does it, and waits until inotify has told of it. */
  async function told(action: () => void): Promise<boolean> {
    const before = changes;
    action();
    return await vi.waitUntil(() => changes > before, PATIENT);
  }

  it('tells of a cgroup that comes, at any depth, and of one that goes', async () => {
    await expect(told(() => directories.make('/pods/web/container/nested'))).resolves.toBe(true);
    await expect(told(() => directories.remove('/pods/web/container/nested'))).resolves.toBe(true);
  });

  it('tells of what happens in a cgroup that came, once it was scanned', async () => {
    await expect(told(() => directories.make('/pods/db'))).resolves.toBe(true);
    tree.rescan();
    await expect(told(() => directories.make('/pods/db/container'))).resolves.toBe(true);
  });

  it('tells of what happens in a cgroup that went and came again between two scans', async () => {
    await expect(told(() => directories.replace('/pods/web'))).resolves.toBe(true);
    tree.rescan();
    // What is told of the old directory has been told by the time that a new one elsewhere is.
    await expect(told(() => directories.make('/pods/marker'))).resolves.toBe(true);
    await expect(told(() => directories.make('/pods/web/container'))).resolves.toBe(true);
  });

  it('knows a cgroup that came, and what is in it, before anybody rescans, and still after it went', async () => {
    await told(() => directories.make('/pods/db/container'));
    const ids = ['/pods/db', '/pods/db/container'].map((path) => directories.id(path));
    await vi.waitFor(() => expect(ids.map((id) => tree.find(id))).toEqual(['/pods/db', '/pods/db/container']), PATIENT);
    expect(tree.cgroups.get('/pods/db')).toBe(ids[0]);
    directories.remove('/pods/db');
    tree.rescan();
    expect(ids.map((id) => tree.find(id))).toEqual(['/pods/db', '/pods/db/container']);
    expect(tree.cgroups.has('/pods/db')).toBe(false);
  });

  it('tells of what happens in a cgroup that came, before anybody rescans', async () => {
    await told(() => directories.make('/pods/db'));
    await expect(told(() => directories.make('/pods/db/container'))).resolves.toBe(true);
  });

  it('takes no file for a cgroup', async () => {
    await told(() => writeFileSync(join(directories.mount, 'pods/cgroup.procs'), ''));
    expect([...tree.cgroups.keys()]).toEqual(['/', '/pods', '/pods/web', '/pods/web/container']);
  });

  it('tells of nothing that is written to a control file', async () => {
    const file = join(directories.mount, 'pods/cgroup.procs');
    await expect(told(() => writeFileSync(file, ''))).resolves.toBe(true);
    const before = changes;
    writeFileSync(file, '1');
    await expect(told(() => directories.make('/pods/after'))).resolves.toBe(true);
    expect(changes).toBe(before + 1);
  });

  it('tells of nothing after it was closed', async () => {
    tree.close();
    const other = new CgroupTree(directories.mount, () => 0);
    let others = 0;
    other.watch(() => others++);
    other.rescan();
    directories.make('/pods/after');
    await vi.waitUntil(() => others > 0, PATIENT);
    other.close();
    expect(changes).toBe(0);
  });
});

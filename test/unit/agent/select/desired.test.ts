import { describe, expect, it } from 'vitest';
import { LiveInventory } from '../../../../src/agent/identify/live-inventory.ts';
import { desiredSelection } from '../../../../src/agent/select/desired.ts';
import { CaptureSets, MAX_CAPTURES_IN_SET, SET_NONE, SET_UNKNOWN } from '../../../../src/plan/sets.ts';
import { capture, compile } from '../../plan/builders.ts';
import { inventoryOf, OTHER_UID, SOME_UID, watchedPod } from '../pods.ts';

/** Set 1 is what the only capture selects: pods of namespace shop with app=web. */
function sets(): CaptureSets {
  return new CaptureSets(compile([capture('shop/web', { podSelector: { matchLabels: { app: 'web' } } })]).plan);
}

/** Paths with ids 1, 2, 3 … in their order; the root comes first. */
function tree(...paths: string[]): Map<string, number> {
  return new Map(['/', ...paths].map((path, index) => [path, index + 1]));
}

describe('without an inventory', () => {
  it('every socket is in the set of the captures that ask for everything', () => {
    const all = new CaptureSets(compile([capture('a/one', { podSelector: {} }), capture('b/two')]).plan);
    const desired = desiredSelection(tree('/pods'), undefined, all);
    expect(desired).toEqual({ defaultSet: 1, entries: new Map(), present: new Set([1, 2]), refused: new Set() });
    expect(all.capturesOf(1)).toEqual([0, 1]);
  });

  it('no socket is selected when every capture selects by label', () => {
    expect(desiredSelection(tree(), undefined, sets()).defaultSet).toBe(SET_NONE);
  });
});

describe('more captures on one pod than a set can hold', () => {
  const many = Array.from({ length: MAX_CAPTURES_IN_SET + 2 }, (_, at) =>
    capture(`shop/c${String(at).padStart(3, '0')}`, { podSelector: {} }),
  );
  const last = new Set([MAX_CAPTURES_IN_SET, MAX_CAPTURES_IN_SET + 1]);

  it('leave the last ones out, by their index, with an inventory and without', () => {
    const crowded = new CaptureSets(compile(many).plan);
    expect(desiredSelection(tree(), undefined, crowded).refused).toEqual(last);
    const pods = inventoryOf({ web: { cgroup: '/pods/web' } });
    expect(desiredSelection(tree('/pods', '/pods/web'), pods, crowded).refused).toEqual(last);
    expect(desiredSelection(tree('/pods'), pods, crowded).refused).toEqual(new Set());
  });
});

describe('with an inventory', () => {
  it('a pod is listed by its own cgroup, selected or not; where it is, what else may come is unknown', () => {
    const pods = inventoryOf({ web: { cgroup: '/pods/web' }, db: { cgroup: '/pods/db' } });
    const cgroups = tree('/pods', '/pods/web', '/pods/web/container', '/pods/db', '/system.slice');
    expect(desiredSelection(cgroups, pods, sets())).toEqual({
      defaultSet: SET_NONE,
      entries: new Map([
        [2, SET_UNKNOWN],
        [3, 1],
        [5, SET_NONE],
      ]),
      present: new Set([1, 2, 3, 4, 5, 6]),
      refused: new Set(),
    });
  });

  it('a pod that kubelet runs is found by its uid in the path', () => {
    const slice = `kubepods-besteffort-pod${SOME_UID.replaceAll('-', '_')}.slice`;
    const cgroups = tree('/kubepods.slice', `/kubepods.slice/${slice}`, `/kubepods.slice/${slice}/cri-containerd-x`);
    const { entries } = desiredSelection(cgroups, inventoryOf({ web: { uid: SOME_UID } }), sets());
    expect(entries).toEqual(
      new Map([
        [2, SET_UNKNOWN],
        [3, 1],
      ]),
    );
  });

  it('a pod of a uid that is not listed, inside of a listed cgroup, is not that pod', () => {
    const pods = inventoryOf({ web: { cgroup: '/pods/web' } });
    const cgroups = tree('/pods/web', '/pods/web/kubepods', `/pods/web/kubepods/pod${OTHER_UID}`);
    expect(desiredSelection(cgroups, pods, sets()).entries).toEqual(
      new Map([
        [2, 1],
        [4, SET_NONE],
      ]),
    );
  });

  it('a pod of which only the namespace differs is not selected', () => {
    const pods = inventoryOf({ web: { cgroup: '/pods/web', namespace: 'bank' } });
    expect(desiredSelection(tree('/pods/web'), pods, sets()).entries).toEqual(new Map([[2, SET_NONE]]));
  });
});

describe('a pod whose cgroup is not there yet makes unknown', () => {
  it.each([
    ['its nearest parent that is there', { cgroup: '/pods/shop/web' }, tree('/pods', '/pods/other'), [2], [3]],
    ['the root, when no other parent is there', { cgroup: '/pods/shop/web' }, tree('/system.slice'), [1], [2]],
    ["kubelet's cgroup, when it is known by uid", { uid: SOME_UID }, tree('/kubepods.slice', '/system.slice'), [2], []],
    [
      "every kubelet's cgroup, when there are several (kind)",
      { uid: SOME_UID },
      tree('/kubepods', '/kubelet-kubepods.slice'),
      [2, 3],
      [],
    ],
    ['the root, when it is known by uid and there is no kubelet', { uid: SOME_UID }, tree('/pods'), [1], [2]],
  ])('%s, and says of what is in it that it is no pod', (_, web, cgroups, unknown, none) => {
    const { entries, defaultSet } = desiredSelection(cgroups, inventoryOf({ web }), sets());
    expect(entries).toEqual(
      new Map([...unknown.map((id) => [id, SET_UNKNOWN] as const), ...none.map((id) => [id, SET_NONE] as const)]),
    );
    expect(defaultSet).toBe(SET_NONE);
  });

  it('nothing, once it has ended', () => {
    const { entries } = desiredSelection(
      tree('/pods'),
      inventoryOf({ web: { cgroup: '/pods/web', phase: 'Succeeded' } }),
      sets(),
    );
    expect(entries).toEqual(new Map());
  });

  it('nothing that a listed pod owns: its cgroup keeps its set', () => {
    const pods = inventoryOf({ a: { cgroup: '/pods' }, web: { uid: SOME_UID } });
    const cgroups = new Map([['/pods', 7]]);
    expect(desiredSelection(cgroups, pods, sets()).entries).toEqual(new Map([[7, SET_NONE]]));
  });
});

describe('with an inventory that grows', () => {
  const own = '/node1/kubepods/burstable';
  const foreign = '/node2/kubepods';

  it('a pod that it does not list yet is unknown, and so is what comes beside it', () => {
    const cgroups = tree('/node1', '/node1/kubepods', own, `${own}/pod${OTHER_UID}`, `${own}/pod${OTHER_UID}/c`);
    expect(desiredSelection(cgroups, new LiveInventory(), sets())).toMatchObject({
      defaultSet: SET_NONE,
      entries: new Map([
        [3, SET_UNKNOWN],
        [4, SET_UNKNOWN],
        [5, SET_UNKNOWN],
      ]),
    });
  });

  it('what is in the directories of pods and can be none is told as such', () => {
    const cgroups = tree('/node1', '/node1/kubepods', '/node1/kubepods/kubelet.service');
    expect(desiredSelection(cgroups, new LiveInventory(), sets()).entries).toEqual(
      new Map([
        [3, SET_UNKNOWN],
        [4, SET_NONE],
      ]),
    );
  });

  it('a pod of another node on this kernel is nobody of ours, once our own kubelet is known', () => {
    const pods = new LiveInventory();
    pods.putNamespace('shop', {});
    pods.putPod('shop/web', watchedPod('web', SOME_UID));
    const [ours, theirs] = [`${own}/pod${SOME_UID}`, `${foreign}/pod${OTHER_UID}`];
    const cgroups = tree('/node1', '/node1/kubepods', own, ours, `${ours}/c`, '/node2', foreign, theirs);
    expect(desiredSelection(cgroups, pods, sets()).entries).toEqual(
      new Map([
        [3, SET_UNKNOWN],
        [4, SET_UNKNOWN],
        [5, 1],
      ]),
    );
  });

  it('a pod is selected as soon as it is listed, and stays what it was when it is gone', () => {
    const pods = new LiveInventory();
    pods.putNamespace('shop', {});
    const cgroups = tree('/kubepods', `/kubepods/pod${SOME_UID}`);
    const setOfPod = () => desiredSelection(cgroups, pods, selecting).entries.get(3);
    const selecting = sets();
    expect(setOfPod()).toBe(SET_UNKNOWN);
    pods.putPod('shop/web', watchedPod('web', SOME_UID));
    expect(setOfPod()).toBe(1);
    pods.putPod('shop/web', watchedPod('web', SOME_UID, { labels: {} }));
    expect(setOfPod()).toBe(SET_NONE);
    pods.putPod('shop/web', watchedPod('web', SOME_UID));
    pods.removePod('shop/web');
    expect(setOfPod()).toBe(1);
  });
});

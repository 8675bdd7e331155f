import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { LiveInventory } from '../../../../src/agent/identify/live-inventory.ts';
import { expectantParents } from '../../../../src/agent/select/expectant.ts';
import { inventoryOf, OTHER_UID, SOME_UID, watchedPod } from '../pods.ts';

/** A pod that no inventory of these tests lists. */
const NOBODY = 'ffffffff-0000-0000-0000-000000000000';
const NODE1 = ['/node1', '/node1/kubepods', '/node1/kubepods/burstable', '/node1/kubepods/besteffort'];
const NODE2 = ['/node2', '/node2/kubepods', '/node2/kubepods/burstable'];

let live: LiveInventory;

function expectant(inventory: LiveInventory | ReturnType<typeof inventoryOf>, ...paths: readonly string[]): string[] {
  const podAt = new Map(['/', ...paths].map((path) => [path, inventory.podOf(path)]));
  return [...expectantParents(podAt, inventory)].toSorted();
}

beforeEach(() => {
  live = new LiveInventory();
  live.putNamespace('shop', {});
});

describe('where pods may come of an inventory that grows', () => {
  test("is every kubelet's directory while nobody is listed, and nowhere without a kubelet", () => {
    expect(expectant(live, ...NODE1, ...NODE2, '/system.slice')).toEqual(
      [...NODE1.slice(1), ...NODE2.slice(1)].toSorted(),
    );
    expect(expectant(live, '/system.slice')).toEqual([]);
  });

  test("is this node's kubelet's alone, once a listed pod shows which that is", () => {
    live.putPod('shop/web', watchedPod('web', SOME_UID));
    const paths = [...NODE1, ...NODE2, `/node1/kubepods/burstable/pod${SOME_UID}`];
    expect(expectant(live, ...paths)).toEqual(NODE1.slice(1).toSorted());
  });

  test('says nothing of a pod that is not listed: it may be of any of them', () => {
    const paths = [...NODE1, ...NODE2, `/node1/kubepods/burstable/pod${NOBODY}`];
    expect(expectant(live, ...paths)).toEqual([...NODE1.slice(1), ...NODE2.slice(1)].toSorted());
  });

  test('is there also for the next pod when the last listed one has ended', () => {
    live.putPod('shop/web', watchedPod('web', SOME_UID, { ended: true }));
    expect(expectant(live, ...NODE1, `/node1/kubepods/burstable/pod${SOME_UID}`)).toEqual(NODE1.slice(1).toSorted());
  });

  test("is not in a kubelet's directory inside of a pod, which is another node's (kind in Kubernetes)", () => {
    live.putPod('shop/web', watchedPod('web', SOME_UID));
    const node = `/node1/kubepods/pod${SOME_UID}`;
    const inner = [`${node}/c`, `${node}/c/kubepods`, `${node}/c/kubepods/burstable`];
    expect(expectant(live, ...NODE1, node, ...inner)).toEqual(NODE1.slice(1).toSorted());
  });

  test('is also where a listed pod is that lies elsewhere', () => {
    live.putPod('shop/web', watchedPod('web', SOME_UID));
    live.putPod('shop/db', watchedPod('db', OTHER_UID));
    const slice = `kubepods-pod${SOME_UID.replaceAll('-', '_')}.slice`;
    const paths = ['/kubepods.slice', '/system.slice', `/system.slice/${slice}`, `/kubepods.slice/${slice}`];
    expect(expectant(live, ...paths)).toEqual(['/kubepods.slice', '/system.slice']);
  });
});

describe('where pods may come of an inventory that is what it is', () => {
  test('is nowhere, where all of them have ended', () => {
    expect(expectant(inventoryOf({ web: { uid: SOME_UID, phase: 'Failed' } }), ...NODE1)).toEqual([]);
  });

  test('is the parent of one that is there, and not the root', () => {
    const pods = inventoryOf({ a: { cgroup: '/pods/a' }, b: { cgroup: '/b' } });
    expect(expectant(pods, '/pods', '/pods/a', '/b')).toEqual(['/pods']);
    expect(expectant(inventoryOf({ web: { uid: SOME_UID } }), `/kubepods/pod${SOME_UID}`)).toEqual(['/kubepods']);
  });
});

/** The directories strictly between two; none where the one is not below the other. */
function between(upper: string, lower: string): string[] {
  if (!lower.startsWith(upper === '/' ? upper : `${upper}/`)) return [];
  const names = lower.slice(upper.length).split('/').filter(Boolean);
  const top = upper === '/' ? '' : upper;
  return names.slice(0, -1).map((_, at) => `${top}/${names.slice(0, at + 1).join('/')}`);
}

test('a directory between two of them is one too, wherever pods lie', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
  const cgroups = fc.array(path, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(cgroups, fc.array(path, { maxLength: 8 }), (awaited, there) => {
      const pods = inventoryOf(
        Object.fromEntries(awaited.map((cgroup, at) => [`p${at}`, { cgroup: `${cgroup}/p${at}` }])),
      );
      const found = expectant(pods, ...there);
      const passed = found.flatMap((upper) => found.flatMap((lower) => between(upper, lower)));
      expect(passed.filter((each) => !found.includes(each))).toEqual([]);
    }),
  );
});

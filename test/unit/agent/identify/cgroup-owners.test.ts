import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CgroupOwners } from '../../../../src/agent/identify/cgroup-owners.ts';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { ProcessCgroups, startTicks } from '../../../../src/agent/identify/process-cgroup.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';
import { inventoryOf, OTHER_UID } from '../pods.ts';

const CONTAINER = 'c'.repeat(64);
const PODS = inventoryOf({ web: { cgroup: '/pods/web' } });
const [WEB] = PODS.pods;

let directories: TemporaryTree;
let owners: CgroupOwners;
let now: number;

beforeEach(() => {
  directories = new TemporaryTree();
  directories.make(`/pods/web/docker/${CONTAINER}`);
  directories.make(`/kubepods/pod${OTHER_UID}/${CONTAINER}`);
  directories.make('/system.slice/cron.service');
  now = 0;
  owners = new CgroupOwners(new CgroupTree(directories.mount, () => now), PODS, undefined);
});
afterEach(() => directories[Symbol.dispose]());

describe('the owner of a cgroup', () => {
  it('is the listed pod that it lies in, with its container', () => {
    expect(owners.ownerOf(directories.id(`/pods/web/docker/${CONTAINER}`))).toEqual({
      cgroup: { is: 'pod', pod: WEB },
      containerId: CONTAINER,
      pod: WEB,
    });
  });

  it('is a pod by its uid alone when it is not listed', () => {
    expect(owners.ownerOf(directories.id(`/kubepods/pod${OTHER_UID}/${CONTAINER}`))).toMatchObject({
      cgroup: { is: 'unlistedPod', identity: { kind: 'Pod', podUid: OTHER_UID, podName: undefined }, foreign: false },
      containerId: CONTAINER,
      pod: undefined,
    });
  });

  it.each(['/', '/system.slice/cron.service', '/pods'])('is this machine for %s', (path) => {
    expect(owners.ownerOf(directories.id(path))).toEqual({
      cgroup: { is: 'host' },
      containerId: undefined,
      pod: undefined,
    });
  });

  it('is unknown while nobody knows the id, and known as soon as a rescan finds it', () => {
    const id = directories.make('/pods/web/late');
    expect(owners.ownerOf(id).cgroup).toEqual({ is: 'unknown', reason: 'cgroupGone' });
    now += 100;
    expect(owners.ownerOf(id).cgroup).toEqual({ is: 'pod', pod: WEB });
  });

  it('stays what it was after the cgroup went', () => {
    const id = directories.id(`/pods/web/docker/${CONTAINER}`);
    const before = owners.ownerOf(id);
    directories.remove('/pods/web');
    expect(owners.ownerOf(id)).toBe(before);
  });

  it('is the same object each time, and each uid has one identity', () => {
    const id = directories.id(`/kubepods/pod${OTHER_UID}/${CONTAINER}`);
    expect(owners.ownerOf(id)).toBe(owners.ownerOf(id));
    const parent = owners.ownerOf(directories.id(`/kubepods/pod${OTHER_UID}`)).cgroup;
    const child = owners.ownerOf(id).cgroup;
    if (parent.is !== 'unlistedPod' || child.is !== 'unlistedPod') throw new Error('expected unlisted pods');
    expect(child.identity).toBe(parent.identity);
  });
});

describe('beside version 1 hierarchies', () => {
  it('a process of the root is asked for its container, and without one it is of this machine', () => {
    const asking = new CgroupOwners(new CgroupTree(directories.mount, () => 0), PODS, new ProcessCgroups());
    const ticks = startTicks(readFileSync('/proc/self/stat', 'utf8'));
    const self = { pid: process.pid, processStartMicros: ticks * 10_000 };
    const found = new ProcessCgroups().of(self);
    expect(asking.ownerOf(directories.id('/'), self).containerId).toBe(found?.containerId);
    expect(asking.ownerOf(directories.id('/'), { pid: 0, processStartMicros: 0 }).cgroup).toEqual({ is: 'host' });
    expect(asking.ownerOf(directories.id('/pods/web'), self).cgroup).toEqual({ is: 'pod', pod: WEB });
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TcpEvent } from '../../../../src/agent/decode/tcp.ts';
import { CgroupOwners } from '../../../../src/agent/identify/cgroup-owners.ts';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { Intake } from '../../../../src/agent/select/intake.ts';
import { matchedCaptures } from '../../../../src/agent/select/matched.ts';
import { CaptureSets, SET_NONE, SET_UNKNOWN } from '../../../../src/plan/sets.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';
import { flow } from '../../export/flows.ts';
import { capture, compile } from '../../plan/builders.ts';
import { tcpEvent } from '../events.ts';
import { inventoryOf } from '../pods.ts';

/** Capture 0 selects every pod of shop, capture 1 those with app=web. */
const PLAN = compile([
  capture('shop/all', { podSelector: {} }),
  capture('shop/web', { podSelector: { matchLabels: { app: 'web' } } }),
]).plan;
const PODS = inventoryOf({ web: { cgroup: '/pods/web' }, db: { cgroup: '/pods/db' } });

let directories: TemporaryTree;
let web: number;
let db: number;
let system: number;
let sets: CaptureSets;
let owners: CgroupOwners;

beforeEach(() => {
  directories = new TemporaryTree();
  web = directories.make('/pods/web/container');
  db = directories.make('/pods/db');
  system = directories.make('/system.slice');
  sets = new CaptureSets(PLAN);
  owners = new CgroupOwners(new CgroupTree(directories.mount, () => 0), PODS, undefined);
});
afterEach(() => directories[Symbol.dispose]());

/** No directory of the tree has this inode number. */
const UNKNOWN_ID = 1;

describe('the captures of a record', () => {
  it('are those of the set that the kernel wrote', () => {
    const set = sets.setFor({ namespace: 'shop', labels: { app: 'web' }, namespaceLabels: {} }).id;
    expect(matchedCaptures({ set, cgroupId: system }, sets, owners, PODS)).toEqual({
      captures: [0, 1],
      provisional: false,
      ownerUnknown: false,
    });
  });

  it('are none for the empty set, and for a set that never was', () => {
    for (const set of [SET_NONE, 999]) {
      expect(matchedCaptures({ set, cgroupId: web }, sets, owners, PODS)).toEqual({
        captures: [],
        provisional: false,
        ownerUnknown: false,
      });
    }
  });

  it('are decided by the pod of its cgroup where the kernel did not know', () => {
    const decided = [web, db, system, UNKNOWN_ID].map((cgroupId) =>
      matchedCaptures({ set: SET_UNKNOWN, cgroupId }, sets, owners, PODS),
    );
    expect(decided).toEqual([
      { captures: [0, 1], provisional: true, ownerUnknown: false },
      { captures: [0], provisional: true, ownerUnknown: false },
      { captures: [], provisional: true, ownerUnknown: false },
      { captures: [], provisional: true, ownerUnknown: true },
    ]);
  });
});

describe('the intake', () => {
  let routed: { readonly pid: number | undefined; readonly captures: readonly number[] }[];
  let next: TcpEvent | undefined;
  let intake: Intake;

  beforeEach(() => {
    routed = [];
    intake = new Intake(
      {
        decode: () => next,
        flow: (event) => flow({ process: { pid: event.pid, executableName: event.executable } }),
        route: (made, captures) => routed.push({ pid: made.process?.pid, captures }),
      },
      sets,
      PODS,
      owners,
    );
  });

  function take(event: TcpEvent | undefined): void {
    next = event;
    intake.record(new DataView(new ArrayBuffer(0)), 0, 0);
  }

  it('names a record and routes it to its captures', () => {
    const set = sets.setFor({ namespace: 'shop', labels: { app: 'db' }, namespaceLabels: {} }).id;
    take(tcpEvent({ set, pid: 7 }));
    expect(routed).toEqual([{ pid: 7, captures: [0] }]);
    expect([intake.malformed, intake.notSelected, intake.provisional.size]).toEqual([0, 0, 0]);
  });

  it('counts what is no record of this version', () => {
    take(undefined);
    take(undefined);
    expect([intake.malformed, intake.notSelected]).toEqual([2, 0]);
    expect(routed).toEqual([]);
  });

  it("counts what was captured provisionally and is nobody's", () => {
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: system }));
    expect([intake.malformed, intake.notSelected, intake.provisional.size]).toEqual([0, 1, 0]);
    expect(routed).toEqual([]);
  });

  it('keeps apart what nobody knows the owner of: unknown is not unselected', () => {
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: UNKNOWN_ID }));
    expect([intake.ownerUnknown, intake.notSelected, intake.provisional.size]).toEqual([1, 0, 0]);
    expect(routed).toEqual([]);
  });

  it('counts by capture what was captured provisionally and is theirs: the kernel has not', () => {
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: web, pid: 1 }));
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: db, pid: 2 }));
    expect([...intake.provisional]).toEqual([
      [0, 2],
      [1, 1],
    ]);
    expect(routed).toEqual([
      { pid: 1, captures: [0, 1] },
      { pid: 2, captures: [0] },
    ]);
  });
});

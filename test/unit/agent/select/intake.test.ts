import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TcpEvent } from '../../../../src/agent/decode/tcp.ts';
import { CgroupOwners } from '../../../../src/agent/identify/cgroup-owners.ts';
import { CgroupTree } from '../../../../src/agent/identify/cgroup-tree.ts';
import { LiveInventory } from '../../../../src/agent/identify/live-inventory.ts';
import { Intake, UNKNOWN_CGROUP } from '../../../../src/agent/select/intake.ts';
import { matchedCaptures } from '../../../../src/agent/select/matched.ts';
import { CaptureSets, SET_NONE, SET_UNKNOWN } from '../../../../src/plan/sets.ts';
import { TemporaryTree } from '../../../support/temporary-tree.ts';
import { flow } from '../../export/flows.ts';
import { capture, compile } from '../../plan/builders.ts';
import { tcpEvent } from '../events.ts';
import { inventoryOf, watchedPod } from '../pods.ts';

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
      provisional: undefined,
    });
  });

  it('are none for the empty set, and for a set that never was', () => {
    for (const set of [SET_NONE, 999]) {
      expect(matchedCaptures({ set, cgroupId: web }, sets, owners, PODS)).toEqual({
        captures: [],
        provisional: undefined,
      });
    }
  });

  it('are decided by the pod of its cgroup where the kernel did not know', () => {
    const decided = [web, db, system, UNKNOWN_ID].map((cgroupId) => {
      const { captures, provisional } = matchedCaptures({ set: SET_UNKNOWN, cgroupId }, sets, owners, PODS);
      return { captures, owner: provisional?.cgroup.is };
    });
    expect(decided).toEqual([
      { captures: [0, 1], owner: 'pod' },
      { captures: [0], owner: 'pod' },
      { captures: [], owner: 'host' },
      { captures: [], owner: 'unknown' },
    ]);
  });
});

describe('the intake', () => {
  let routed: { readonly pid: number | undefined; readonly captures: readonly number[] }[];
  let next: TcpEvent | undefined;
  let intake: Intake;
  let held: string[];
  let room: boolean;

  beforeEach(() => {
    routed = [];
    [held, room] = [[], false];
    intake = new Intake(
      {
        decode: () => next,
        hold: (awaited) => held.push(awaited) > 0 && room,
        provisional: () => undefined,
        wanted: (_, captures) => captures,
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
    expect([intake.counts.malformed, intake.counts.notSelected, intake.provisional.size]).toEqual([0, 0, 0]);
  });

  it('counts what is no record of this version', () => {
    take(undefined);
    take(undefined);
    expect([intake.counts.malformed, intake.counts.notSelected]).toEqual([2, 0]);
    expect(routed).toEqual([]);
  });

  it("counts what was captured provisionally and is nobody's", () => {
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: system }));
    expect([intake.counts.malformed, intake.counts.notSelected, intake.provisional.size]).toEqual([0, 1, 0]);
    expect(routed).toEqual([]);
  });

  it('keeps apart what nobody knows the owner of: unknown is not unselected', () => {
    take(tcpEvent({ set: SET_UNKNOWN, cgroupId: UNKNOWN_ID }));
    expect([intake.counts.ownerUnknown, intake.counts.notSelected, intake.provisional.size]).toEqual([1, 0, 0]);
    expect(routed).toEqual([]);
  });

  it('waits for the next look at the cgroups before it says so, and for nobody else', () => {
    room = true;
    for (const cgroupId of [UNKNOWN_ID, system, web]) take(tcpEvent({ set: SET_UNKNOWN, cgroupId }));
    expect(held).toEqual([UNKNOWN_CGROUP]);
    expect([intake.counts.ownerUnknown, intake.counts.notSelected, routed.length]).toEqual([0, 1, 1]);
    intake.decide(tcpEvent({ set: SET_UNKNOWN, cgroupId: UNKNOWN_ID }));
    expect(intake.counts.ownerUnknown).toBe(1);
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

describe('the intake of a node whose pods are watched', () => {
  const LISTED = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
  const LATE = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
  const FOREIGN = 'bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee';

  function watched(room: boolean) {
    const late = directories.make(`/n1/kubepods/pod${LATE}`);
    const listed = directories.make(`/n1/kubepods/pod${LISTED}`);
    const foreign = directories.make(`/n2/kubepods/pod${FOREIGN}`);
    const pods = new LiveInventory();
    pods.putNamespace('shop', {});
    pods.putPod('shop/web', watchedPod('web', LISTED));
    const cgroups = new CgroupOwners(new CgroupTree(directories.mount, () => 0), pods, undefined);
    const held: [string, TcpEvent][] = [];
    const routed: (readonly number[])[] = [];
    let next: TcpEvent | undefined;
    const steps = {
      decode: () => next,
      hold: (uid: string, event: TcpEvent) => room && held.push([uid, event]) > 0,
      provisional: () => undefined,
      wanted: (_: unknown, captures: readonly number[]) => captures,
      flow: () => flow(),
      route: (_: unknown, captures: readonly number[]) => void routed.push(captures),
    };
    const intake = new Intake(steps, sets, pods, cgroups);
    const take = (cgroupId: number) => {
      next = tcpEvent({ set: SET_UNKNOWN, cgroupId });
      intake.record(new DataView(new ArrayBuffer(0)), 0, 0);
    };
    // Its cgroup shows in which kubelet's directories the pods of this node live.
    take(listed);
    return { pods, intake, held, routed: routed.splice(0), later: routed, take, late, foreign };
  }

  it('holds what is of a pod that is not listed yet, and decides by what is known then', () => {
    const { pods, intake, held, later, take, late } = watched(true);
    take(late);
    take(late);
    expect(held.map(([uid]) => uid)).toEqual([LATE, LATE]);
    expect(later).toEqual([]);
    pods.putPod('shop/late', watchedPod('web', LATE));
    for (const [, event] of held) intake.decide(event);
    expect(later).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(intake.provisional.get(1)).toBe(3);
  });

  it('counts what nobody listed in time, or there was no room for, as unknown', () => {
    const { intake, held, take, late } = watched(true);
    take(late);
    for (const [, event] of held) intake.decide(event);
    expect(intake.counts).toMatchObject({ ownerUnknown: 1, foreign: 0, notSelected: 0 });
    const full = watched(false);
    full.take(full.late);
    expect(full.intake.counts).toMatchObject({ ownerUnknown: 1, foreign: 0, notSelected: 0 });
  });

  it("counts what is of another node's pod, and waits for nobody", () => {
    const { intake, held, take, foreign } = watched(true);
    take(foreign);
    expect(held).toEqual([]);
    expect(intake.counts).toMatchObject({ ownerUnknown: 0, foreign: 1, notSelected: 0 });
  });
});

import { beforeEach, describe, expect, test } from 'vitest';
import { ROLE, SET_POLICY } from '../../../../src/agent/decode/layout.generated.ts';
import { Policies } from '../../../../src/agent/select/policies.ts';
import type { Wishes } from '../../../../src/plan/wishes.ts';

let sets: Record<number, readonly Wishes[]>;
let written: Map<number, DataView>;
let writes: number;
let policies: Policies;
let lists: { readonly common: unknown[]; readonly kept: number[][] };

beforeEach(() => {
  sets = {};
  written = new Map();
  writes = 0;
  const update = (key: Uint8Array, value: Uint8Array) => {
    writes++;
    written.set(new Uint32Array(key.slice().buffer)[0] ?? -1, new DataView(value.slice().buffer));
  };
  lists = { common: [], kept: [] };
  const peers = {
    commonId: (all: readonly unknown[]) => (all.every((list) => list === undefined) ? 0 : lists.common.push(all)),
    keep: (used: ReadonlySet<number>) => void lists.kept.push([...used]),
  };
  policies = new Policies({ update }, peers, (set) => sets[set] ?? []);
});

function policy(set: number) {
  const view = written.get(set);
  return {
    active: Number(view?.getBigUint64(SET_POLICY.activeNs, true)) / 1e9,
    idle: Number(view?.getBigUint64(SET_POLICY.idleNs, true)) / 1e9,
    below: Number(view?.getBigUint64(SET_POLICY.sampledBelow, true)),
    role: view?.getUint32(SET_POLICY.role, true),
  };
}

describe('the policy of a set', () => {
  test('is that of its only capture', () => {
    sets = { 1: [{ direction: 'Inbound', oneIn: 4, reporting: { activeSeconds: 5, idleSeconds: 3 } }] };
    policies.write([1]);
    expect(policy(1)).toEqual({ active: 5, idle: 3, below: 2 ** 30, role: ROLE.passive });
  });

  test('of a capture that asks for nothing in particular keeps nothing back', () => {
    sets = { 1: [{}] };
    policies.write([1]);
    expect(policy(1)).toEqual({ active: 60, idle: 15, below: 0, role: ROLE.unknown });
  });

  test('has what all its captures have in common, and the shortest of their times', () => {
    const one: Wishes = { direction: 'Outbound', oneIn: 10, reporting: { activeSeconds: 30, idleSeconds: 20 } };
    sets = {
      1: [one, { direction: 'Outbound', oneIn: 2 }],
      2: [one, { direction: 'Inbound', oneIn: 3 }],
      3: [one, {}],
    };
    policies.write([1, 2, 3]);
    expect(policy(1)).toEqual({ active: 30, idle: 15, below: 2 ** 31, role: ROLE.active });
    expect(policy(2)).toMatchObject({ below: Math.floor(2 ** 32 / 3), role: ROLE.unknown });
    expect(policy(3)).toMatchObject({ below: 0, role: ROLE.unknown });
  });

  test('is written when it changes, and not again, and says so where the set is not new', () => {
    sets = { 1: [{}], 2: [{ oneIn: 2 }] };
    expect(policies.write([1, 2])).toBe(false);
    expect(policies.write([1, 2])).toBe(false);
    expect(writes).toBe(2);
    sets[2] = [{ oneIn: 3 }];
    expect(policies.write([1, 2])).toBe(true);
    expect(writes).toBe(3);
  });
});

test('sets that are in a hurry are reported at every look, whatever is written meanwhile, until they are calm', () => {
  const reporting = { activeSeconds: 5, idleSeconds: 3 };
  sets = { 1: [{ reporting }], 2: [{ reporting }] };
  policies.write([1, 2]);
  policies.hurry([1, 7]);
  expect([policy(1), policy(2).active, written.has(7)]).toEqual([
    { active: 1e-9, idle: 3, below: 0, role: ROLE.unknown },
    5,
    false,
  ]);
  sets[1] = [{ reporting, oneIn: 2 }];
  policies.write([1, 2]);
  expect(policy(1)).toMatchObject({ active: 1e-9, below: 2 ** 31 });
  policies.calm();
  expect(policy(1)).toMatchObject({ active: 5, idle: 3, below: 2 ** 31 });
  expect(policies.write([1, 2])).toBe(false);
});

test('a policy refers to the list of peers that its captures have in common, and such lists are kept', () => {
  const peers = [{ action: 'Exclude', ports: ['53'] }] as const;
  sets = { 1: [{ peers }, {}], 2: [{ peers }] };
  policies.write([1, 2]);
  expect(lists.common).toEqual([[peers, undefined], [peers]]);
  expect([1, 2].map((set) => written.get(set)?.getUint32(SET_POLICY.peers, true))).toEqual([1, 2]);
  expect(lists.kept).toEqual([[1, 2]]);
});

test('looks are as frequent as the shortest time of all sets asks for, within reason', () => {
  expect(policies.lookMillis).toBe(3000);
  sets = { 1: [{ reporting: { activeSeconds: 60, idleSeconds: 5 } }], 2: [{}] };
  policies.write([1, 2]);
  expect(policies.lookMillis).toBe(1000);
  sets[1] = [{ reporting: { activeSeconds: 1, idleSeconds: 1 } }];
  policies.write([1, 2]);
  expect(policies.lookMillis).toBe(200);
  policies.write([2]);
  expect(policies.lookMillis).toBe(3000);
});

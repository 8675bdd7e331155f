import { beforeEach, describe, expect, test } from 'vitest';
import { ROLE } from '../../../../src/agent/decode/layout.generated.ts';
import { sampledBelow, Wanted, type WantedEvent } from '../../../../src/agent/select/wanted.ts';
import type { PlanCapture } from '../../../../src/plan/plan.ts';
import type { Wishes } from '../../../../src/plan/wishes.ts';
import type { Identity, Side } from '../../../../src/record/flow.ts';
import { checkout, flow, side } from '../../export/flows.ts';

let counted: string[];
let now: number;
let wanted: Wanted;
let flows: number;

beforeEach(() => {
  counted = [];
  now = 0;
  const count = (what: string) => (captures: readonly number[]) => void counted.push(`${what} ${captures.join()}`);
  wanted = new Wanted(
    {
      filtered: (captures, reason) => count(reason)(captures),
      sampledOut: count('sampled out'),
      lost: (captures, reason) => count(reason)(captures),
    },
    podOf,
    () => now,
  );
  flows = 0;
});

const podOf = ({ podUid }: Identity) =>
  podUid === checkout.podUid ? { namespace: 'shop', labels: { app: 'checkout' }, namespaceLabels: {} } : undefined;

function capture(index: number, wishes: Wishes = {}): PlanCapture {
  const selected = { namespaces: { name: 'shop' }, podSelector: {} };
  const fixed = { protocols: ['TCP'], needs: [], programs: ['tcp'], exports: [] } as const;
  return { index, name: `shop/c${index}`, ...selected, ...fixed, ...wishes };
}

const COMMON = { relief: 1, remoteAddress: '198.18.0.2', remotePort: 80, localPort: 40_000 };
const OPENED = { role: ROLE.active, sample: 0, ...COMMON };
const ACCEPTED = { role: ROLE.passive, sample: 0, ...COMMON };

function of(event: WantedEvent, captures: readonly number[], far: Partial<Side> = {}): readonly number[] {
  return wanted.of(event, captures, () => {
    flows++;
    return flow({ destination: side(far) });
  });
}

/** A connection whose sample is this share of all that there are. */
function at(share: number, captures: readonly number[], relief = 1): readonly number[] {
  return of({ ...OPENED, relief, sample: Math.floor(share * 2 ** 32) }, captures);
}

function including(app: string): Wishes {
  return { peers: [{ action: 'Include', podSelector: { matchLabels: { app } } }] };
}

describe('a record', () => {
  test('is wanted by captures that ask for nothing in particular, and by those that have left the plan', () => {
    wanted.adopt([capture(0)]);
    const captures = [0, 7];
    expect(of(OPENED, captures)).toBe(captures);
    expect(counted).toEqual([]);
  });

  test.each([
    ['Outbound', OPENED, [0, 1]],
    ['Outbound', ACCEPTED, [0]],
    ['Inbound', ACCEPTED, [0, 1]],
    ['Inbound', OPENED, [0]],
    ['Inbound', { ...OPENED, role: ROLE.unknown }, [0]],
  ] as const)('of %s connections only, where that is wanted', (direction, event, expected) => {
    wanted.adopt([capture(0), capture(1, { direction })]);
    expect(of(event, [0, 1])).toEqual(expected);
    expect(counted).toEqual(expected.length === 2 ? [] : ['direction 1']);
  });

  test('is sampled by each capture for itself, and what the rarer one takes the other takes too', () => {
    wanted.adopt([capture(0, { oneIn: 10 }), capture(1, { oneIn: 4 }), capture(2)]);
    expect(at(0.099, [0, 1, 2])).toEqual([0, 1, 2]);
    expect(at(0.11, [0, 1, 2])).toEqual([1, 2]);
    expect(at(0.26, [0, 1, 2])).toEqual([2]);
    expect(counted).toEqual(['sampled out 0', 'sampled out 0', 'sampled out 1']);
  });

  test('is sampled once more where the agent does without', () => {
    wanted.adopt([capture(0, { oneIn: 10 }), capture(1)]);
    expect(at(0.024, [0, 1], 4)).toEqual([0, 1]);
    expect(at(0.026, [0, 1], 4)).toEqual([1]);
    expect(at(0.26, [0, 1], 4)).toEqual([]);
    expect(counted).toEqual(['sampled out 0', 'sampled out 0', 'sampled out 1']);
  });

  test('counts once where several things speak against it, and takes nothing of the limit then', () => {
    wanted.adopt([capture(0, { direction: 'Inbound', oneIn: 2, flowsPerSecond: 1 })]);
    expect(of({ ...OPENED, sample: 2 ** 32 - 1 }, [0])).toEqual([]);
    expect(of(ACCEPTED, [0])).toEqual([0]);
    expect(counted).toEqual(['direction 0']);
  });

  test('is filtered by address and port without a look at whose they are, and taken of no limit', () => {
    const peers = [{ action: 'Exclude', cidrs: ['198.18.0.0/24'], ports: ['80'] }] as const;
    wanted.adopt([capture(0, { peers, flowsPerSecond: 1 }), capture(1)]);
    expect(of(OPENED, [0, 1])).toEqual([1]);
    expect(counted).toEqual(['peer 0']);
    expect(of({ ...OPENED, remotePort: 81 }, [0])).toEqual([0]);
    expect(flows).toBe(0);
  });

  test('is filtered by labels where all else has let it pass, and says so where nobody knows whose they are', () => {
    const named: Partial<Side> = { identity: checkout, attribution: 'Exact' };
    wanted.adopt([
      capture(0, { ...including('checkout'), oneIn: 2 }),
      capture(1, { ...including('other') }),
      capture(2),
    ]);
    expect(of({ ...OPENED, sample: 2 ** 31 }, [0], named)).toEqual([]);
    expect(flows).toBe(0);
    expect(of(OPENED, [0, 1, 2], named)).toEqual([0, 2]);
    expect(of(OPENED, [0, 1, 2])).toEqual([2]);
    expect(counted).toEqual(['sampled out 0', 'peer 1', 'peerUnknown 0', 'peerUnknown 1']);
  });

  test('over the limit is lost for the capture that has it, and not for others', () => {
    wanted.adopt([capture(0, { flowsPerSecond: 2 }), capture(1)]);
    const taken = [1, 2, 3].map(() => of(OPENED, [0, 1]));
    expect(taken).toEqual([[0, 1], [0, 1], [1]]);
    expect(counted).toEqual(['rateLimited 0']);
    now = 500;
    expect(of(OPENED, [0, 1])).toEqual([0, 1]);
  });

  test('finds a limit where it stood when another plan came, unless the limit has changed', () => {
    wanted.adopt([capture(0, { flowsPerSecond: 1 })]);
    expect(of(OPENED, [0])).toEqual([0]);
    wanted.adopt([capture(0, { flowsPerSecond: 1 }), capture(1)]);
    expect(of(OPENED, [0])).toEqual([]);
    wanted.adopt([capture(0, { flowsPerSecond: 2 })]);
    expect(of(OPENED, [0])).toEqual([0]);
  });
});

test('one in one million still takes something, one in two the lower half', () => {
  expect(sampledBelow(1_000_000)).toBe(4294);
  expect(sampledBelow(2)).toBe(2 ** 31);
  expect(sampledBelow(1)).toBe(2 ** 32);
});

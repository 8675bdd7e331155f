import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inventoryNeeded } from '../../../src/plan/inventory-needed.ts';
import type { CaptureObject } from '../../../src/plan/objects.ts';
import { selects } from '../../../src/plan/selector.ts';
import { CaptureSets, MAX_SET, SET_NONE, SET_UNKNOWN } from '../../../src/plan/sets.ts';
import { capture, compile } from './builders.ts';

function setsOf(...captures: CaptureObject[]): CaptureSets {
  return new CaptureSets(compile(captures).plan);
}

function inventoryMessage(field: string): string {
  return (
    'FlowCapture shop/checkout selects by label, but no pods are known here: ' +
    `name them with --inventory FILE, or leave spec.${field} out to capture everything on this machine`
  );
}

function pod(namespace: string, labels: Record<string, string> = {}, namespaceLabels: Record<string, string> = {}) {
  return { namespace, labels, namespaceLabels };
}

function byApp(app: string): CaptureObject {
  return capture(`shop/${app}`, { podSelector: { matchLabels: { app } } });
}

describe('CaptureSets', () => {
  const sets = setsOf(
    capture('shop/a', { podSelector: { matchLabels: { app: 'a' } } }),
    capture('shop/b', { podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }),
    capture('weir/all', { namespaceSelector: { matchLabels: { team: 'blue' } } }),
  );

  it('numbers distinct sets from 1, and gives a set that it knows the same number', () => {
    expect(sets.setFor(pod('shop', { app: 'a' }))).toEqual({ id: 1, refused: [] });
    expect(sets.setFor(pod('shop', { app: 'b' }))).toEqual({ id: 2, refused: [] });
    expect(sets.setFor(pod('shop', { app: 'a' }, { team: 'blue' }))).toEqual({ id: 3, refused: [] });
    expect(sets.setFor(pod('shop', { app: 'a', x: 'y' }))).toEqual({ id: 1, refused: [] });
    expect(sets.size).toBe(3);
    expect([1, 2, 3].map((id) => sets.capturesOf(id))).toEqual([[0, 1], [1], [0, 1, 2]]);
  });

  it.each([
    ['no label that is asked for', pod('shop', { tier: 'web' })],
    ['another namespace', pod('bank', { app: 'a' })],
    ["labels of the namespace's on the pod only", pod('bank', { team: 'blue' })],
  ])('answers 0 for a pod with %s', (_, other) => {
    expect(sets.setFor(other)).toEqual({ id: SET_NONE, refused: [] });
  });

  it('has no captures behind 0, behind UNKNOWN and behind numbers that it never gave', () => {
    expect([SET_NONE, SET_UNKNOWN, 77].map((id) => sets.capturesOf(id))).toEqual([[], [], []]);
  });

  it('holds 64 captures in a set and refuses the 65th and later by index', () => {
    const overlapping = Array.from({ length: 66 }, (_, index) => capture(`shop/c${String(index).padStart(2, '0')}`));
    const full = setsOf(...overlapping);
    const { id, refused } = full.setFor(pod('shop'));
    expect(full.capturesOf(id)).toEqual(Array.from({ length: 64 }, (_, index) => index));
    expect(refused).toEqual([64, 65]);
  });

  it('gives 1,023 numbers; the 1,024th distinct set is for user space to decide', () => {
    // Eleven captures that each select by one label of their own: 2,047 possible sets.
    const bits = Array.from({ length: 11 }, (_, bit) => bit);
    const many = setsOf(
      ...bits.map((bit) =>
        capture(`shop/c${String(bit).padStart(2, '0')}`, { podSelector: { matchLabels: { [`b${bit}`]: '1' } } }),
      ),
    );
    const podOf = (mask: number) =>
      pod('shop', Object.fromEntries(bits.filter((bit) => (mask >> bit) & 1).map((bit) => [`b${bit}`, '1'])));
    const ids = Array.from({ length: 1023 }, (_, index) => many.setFor(podOf(index + 1)).id);
    expect(ids).toEqual(Array.from({ length: 1023 }, (_, index) => index + 1));
    expect(many.overflows).toBe(0);
    expect(many.setFor(podOf(1024))).toEqual({ id: SET_UNKNOWN, refused: [] });
    expect(many.selectionOf(podOf(1024))).toEqual({ captures: [10], refused: [] });
    expect(many.setFor(podOf(1023)).id).toBe(1023);
    expect(many.setFor(pod('bank')).id).toBe(SET_NONE);
    expect(many.overflows).toBe(1);
  });

  it('puts exactly those captures into a set whose selectors match, for random labels', () => {
    const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'));
    const pods = fc.array(fc.tuple(fc.constantFrom('n0', 'n1'), labels), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(labels, { maxLength: 6 }), pods, (selectors, population) => {
        const captures = selectors.map((matchLabels, index) =>
          capture(`n${index % 2}/c${index}`, { podSelector: { matchLabels } }),
        );
        const { plan } = compile(captures);
        const interned = new CaptureSets(plan);
        for (const [namespace, podLabels] of population) {
          const expected = plan.captures.filter(
            ({ name, podSelector }) => name.startsWith(`${namespace}/`) && selects(podSelector, podLabels),
          );
          const { id } = interned.setFor(pod(namespace, podLabels));
          expect(interned.capturesOf(id)).toEqual(expected.map(({ index }) => index));
          expect(id === SET_NONE).toBe(expected.length === 0);
        }
      }),
    );
  });
});

describe('without an inventory', () => {
  it('means everything on this machine by an empty selector, and nothing by one with content', () => {
    const sets = setsOf(
      capture('a/all'),
      capture('b/labels', { podSelector: { matchLabels: { app: 'x' } } }),
      capture('c/every-namespace', { namespaceSelector: {}, podSelector: {} }),
      capture('d/some-namespaces', { namespaceSelector: { matchLabels: { team: 'blue' } } }),
    );
    const { id, refused } = sets.everything();
    expect(refused).toEqual([]);
    expect(sets.capturesOf(id)).toEqual([0, 2]);
  });

  it('is 0 when no capture asks for everything', () => {
    expect(setsOf(capture('a/x', { podSelector: { matchLabels: { a: 'b' } } })).everything().id).toBe(SET_NONE);
  });

  it('names the capture, the field and the flag where a selector needs one', () => {
    const source = capture('shop/checkout', {
      podSelector: { matchLabels: { app: 'checkout' } },
      namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
    });
    const expected = 'an empty selector, or an inventory';
    expect(inventoryNeeded([capture('shop/all', { namespaceSelector: {} }), source])).toEqual([
      {
        source,
        path: ['spec', 'podSelector'],
        reason: 'InventoryNeeded',
        message: inventoryMessage('podSelector'),
        expected,
      },
      {
        source,
        path: ['spec', 'namespaceSelector'],
        reason: 'InventoryNeeded',
        message: inventoryMessage('namespaceSelector'),
        expected,
      },
    ]);
  });

  it('asks nothing of a suspended capture', () => {
    expect(inventoryNeeded([capture('a/x', { suspend: true, podSelector: { matchLabels: { a: 'b' } } })])).toEqual([]);
  });
});

describe('sets of one plan after another', () => {
  const { captures } = compile(['a', 'b', 'c'].map(byApp)).plan;
  const only = (...indexes: readonly number[]) => ({
    captures: captures.filter(({ index }) => indexes.includes(index)),
  });

  it('keep their numbers while their captures stay', () => {
    const sets = new CaptureSets(only(0, 1));
    const [a, b] = ['a', 'b'].map((app) => sets.setFor(pod('shop', { app })).id);
    sets.adopt(only(1, 2));
    expect(sets.setFor(pod('shop', { app: 'a' })).id).toBe(SET_NONE);
    expect(sets.setFor(pod('shop', { app: 'b' })).id).toBe(b);
    expect(sets.capturesOf(a ?? 0)).toEqual([0]);
    sets.adopt(only(0));
    expect(sets.setFor(pod('shop', { app: 'a' })).id).toBe(a);
  });

  it('mean the same in another process that goes on with them', () => {
    const sets = new CaptureSets(only(0, 1));
    const [a, b] = ['a', 'b'].map((app) => sets.setFor(pod('shop', { app })).id);
    const next = new CaptureSets({ captures: [] });
    next.restore(JSON.parse(JSON.stringify(sets.state)));
    expect([a, b].map((id) => next.capturesOf(id ?? 0))).toEqual([[0], [1]]);
    next.adopt(only(1, 2));
    expect(next.setFor(pod('shop', { app: 'b' })).id).toBe(b);
    expect(next.setFor(pod('shop', { app: 'c' })).id).toBe(3);
  });

  it('give a number anew only where all are taken, nobody holds it, and nobody has asked for a minute', () => {
    let now = 0;
    const recycled: [number, readonly number[]][] = [];
    const sets = new CaptureSets(
      { captures: [] },
      {
        now: () => now,
        held: () => new Set([1]),
        recycled: (id, former) => recycled.push([id, former]),
      },
    );
    const [template] = captures;
    if (template === undefined) throw new Error('no capture');
    const setOf = (index: number) => {
      sets.adopt({ captures: [{ ...template, index }] });
      return sets.setFor(pod('shop', { app: 'a' })).id;
    };
    for (let index = 0; index < MAX_SET; index += 1) expect(setOf(index)).toBe(index + 1);
    now = 60_000;
    expect(setOf(5000)).toBe(SET_UNKNOWN);
    expect([sets.overflows, recycled]).toEqual([1, []]);
    // Number 2 is asked for again, number 1 is held.
    expect(setOf(1)).toBe(2);
    now = 60_001;
    expect(setOf(5000)).toBe(3);
    expect(recycled).toEqual([[3, [2]]]);
    expect([sets.capturesOf(3), setOf(5000), setOf(2)]).toEqual([[5000], 3, 4]);
  });
});

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Presence } from '../../../../src/operator/state/presence.ts';

const on = (node: string | undefined) => ({ namespace: 'shop', node });

test('tells only of the first pod of a namespace on a node, and of the last', () => {
  const presence = new Presence();
  const there = [{ namespace: 'shop', node: 'a' }];
  expect(presence.move(undefined, on(undefined))).toEqual([]);
  expect(presence.move(on(undefined), on('a'))).toEqual(there);
  expect(presence.move(undefined, on('a'))).toEqual([]);
  expect(presence.move(on('a'), on('a'))).toEqual([]);
  expect([...presence.nodesOf('shop')]).toEqual(['a']);
  expect([...presence.namespacesOn('a')]).toEqual(['shop']);
  expect(presence.move(on('a'), undefined)).toEqual([]);
  expect(presence.move(on('a'), undefined)).toEqual(there);
  expect([...presence.nodesOf('shop'), ...presence.namespacesOn('a')]).toEqual([]);
});

test('agrees with the pods that there are, whatever happens to them, and tells of every change', () => {
  const place = fc.option(
    fc.record({
      namespace: fc.constantFrom('a', 'b'),
      node: fc.option(fc.constantFrom('n', 'm', 'o'), { nil: undefined }),
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), place), { maxLength: 60 }), (moves) => {
      const presence = new Presence();
      const pods = new Map<number, { namespace: string; node: string | undefined }>();
      const told = new Set<string>();
      for (const [pod, after] of moves) {
        for (const { namespace, node } of presence.move(pods.get(pod), after)) {
          const pair = `${namespace} ${node}`;
          // A change is from there to not there, or back.
          if (!told.delete(pair)) told.add(pair);
        }
        if (after === undefined) pods.delete(pod);
        else pods.set(pod, after);
      }
      const truth = new Set(
        [...pods.values()].flatMap(({ namespace, node }) => (node === undefined ? [] : `${namespace} ${node}`)),
      );
      const known = ['a', 'b'].flatMap((namespace) =>
        Array.from(presence.nodesOf(namespace), (node) => `${namespace} ${node}`),
      );
      const reverse = ['n', 'm', 'o'].flatMap((node) =>
        Array.from(presence.namespacesOn(node), (namespace) => `${namespace} ${node}`),
      );
      expect([new Set(known), new Set(reverse), told]).toEqual([truth, truth, truth]);
    }),
  );
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Store } from '../../../src/kube/store.ts';

interface Item {
  readonly labels: readonly string[];
}

const indices = { label: ({ labels }: Item) => labels, first: (_: Item, key: string) => [key.slice(0, 1)] };

describe('a store', () => {
  test('tells what a change was', () => {
    const store = new Store<Item>();
    const [one, two] = [{ labels: ['x'] }, { labels: ['y'] }];
    expect(store.set('a', one)).toEqual({ type: 'Added', key: 'a', before: undefined, after: one });
    expect(store.set('a', two)).toEqual({ type: 'Modified', key: 'a', before: one, after: two });
    expect(store.delete('a')).toEqual({ type: 'Deleted', key: 'a', before: two, after: undefined });
    expect(store.delete('a')).toBeUndefined();
    expect(store.size).toBe(0);
  });

  test('is as it was where an index throws on the new object', () => {
    const store = new Store<Item>({
      indices: {
        ...indices,
        last: ({ labels }) => {
          if (labels.length === 0) throw new Error('no labels');
          return labels.slice(-1);
        },
      },
    });
    const item = { labels: ['x', 'y'] };
    store.set('a', item);
    for (const key of ['a', 'b']) expect(() => store.set(key, { labels: [] })).toThrow('no labels');
    expect([...store.keys()]).toEqual(['a']);
    for (const value of ['x', 'y']) expect([...store.by('label', value)]).toEqual([item]);
    expect([...store.by('first', 'b')]).toEqual([]);
    store.set('a', { labels: ['z'] });
    expect([...store.by('last', 'y')]).toEqual([]);
  });

  test('has no index that it was not given', () => {
    const store = new Store<Item>({ indices });
    expect(() => [...store.by('other', 'x')]).toThrow('no index other');
  });

  test('finds by every index what a look at all items would find, after any changes', () => {
    const change = fc.record({
      key: fc.constantFrom('aa', 'ab', 'ba', 'bb'),
      item: fc.option(fc.record({ labels: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')) }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 50 }), (changes) => {
        const store = new Store<Item>({ indices });
        const model = new Map<string, Item>();
        for (const { key, item } of changes) {
          const { before, after } = (item === undefined ? store.delete(key) : store.set(key, item)) ?? {};
          expect(before).toBe(model.get(key));
          expect(after).toBe(item);
          if (item === undefined) model.delete(key);
          else model.set(key, item);
          for (const label of ['x', 'y', 'z']) {
            const expected = [...model.values()].filter(({ labels }) => labels.includes(label));
            expect(new Set(store.by('label', label))).toEqual(new Set(expected));
          }
          for (const first of ['a', 'b']) {
            const expected = [...model].filter(([name]) => name.startsWith(first)).map(([, found]) => found);
            expect(new Set(store.by('first', first))).toEqual(new Set(expected));
          }
          expect(new Map([...store.keys()].map((name) => [name, store.get(name)]))).toEqual(model);
        }
      }),
    );
  });
});

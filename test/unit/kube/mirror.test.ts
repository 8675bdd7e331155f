import { beforeEach, describe, expect, test } from 'vitest';
import { Mirror } from '../../../src/kube/mirror.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { Store } from '../../../src/kube/store.ts';

const object = (name: string, version: number | string, uid = `uid-${name}`): KubeObject => ({
  metadata: { name, namespace: 'shop', uid, resourceVersion: String(version) },
});

let told: string[];
let store: Store<string>;
let mirror: Mirror<string>;

beforeEach(() => {
  told = [];
  store = new Store();
  mirror = new Mirror({
    store,
    reduce: ({ metadata }) => {
      if (metadata.name === 'bad') throw new Error('no such shape');
      return `${metadata.uid}@${metadata.resourceVersion}`;
    },
    onDelta: ({ type, key, before, after }) => {
      told.push(`${type} ${key} ${before ?? '-'} ${after ?? '-'}`);
      if (key === 'shop/hot') throw new Error('nobody is interested');
    },
    onFault: (key, error) => told.push(`fault ${key} ${String(error)}`),
  });
});

describe('a mirror', () => {
  test('tells each change once, however often and in whatever order it hears of it', () => {
    for (const version of [9, 9, 8, 10, 9, 10]) mirror.put(object('a', version));
    expect(told).toEqual(['Added shop/a - uid-a@9', 'Modified shop/a uid-a@9 uid-a@10']);
    mirror.remove('shop/a');
    mirror.remove('shop/a');
    expect(told.slice(2)).toEqual(['Deleted shop/a uid-a@10 -']);
  });

  test('an object that was deleted and made anew unseen is both', () => {
    mirror.put(object('a', 20));
    mirror.put(object('a', 5, 'uid-other'));
    expect(told).toEqual(['Added shop/a - uid-a@20', 'Deleted shop/a uid-a@20 -', 'Added shop/a - uid-other@5']);
  });

  test('what a list lacks is deleted, and the rest stays', () => {
    for (const name of ['a', 'b', 'c']) mirror.put(object(name, 1));
    mirror.retain(new Set(['shop/b']));
    expect(told.slice(3)).toEqual(['Deleted shop/a uid-a@1 -', 'Deleted shop/c uid-c@1 -']);
    expect([...store.keys()]).toEqual(['shop/b']);
  });

  test('a fault in one object is told, and the others go on', () => {
    for (const name of ['bad', 'hot', 'a']) mirror.put(object(name, 1));
    expect(told).toEqual([
      'fault shop/bad Error: no such shape',
      'Added shop/hot - uid-hot@1',
      'fault shop/hot Error: nobody is interested',
      'Added shop/a - uid-a@1',
    ]);
    expect([...store.keys()]).toEqual(['shop/hot', 'shop/a']);
  });
});

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
let isBroken: boolean;
let isUnindexable: boolean;

beforeEach(() => {
  told = [];
  [isBroken, isUnindexable] = [false, false];
  const uid = (item: string) => {
    if (isUnindexable) throw new Error('no such index');
    return [item];
  };
  store = new Store({ indices: { uid } });
  mirror = new Mirror({
    store,
    reduce: ({ metadata }) => {
      if (isBroken || metadata.name === 'bad') throw new Error('no such shape');
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
    for (const version of [9, 9, 8, 10, 9, 10]) mirror.put(object('a', version), 'event');
    expect(told).toEqual(['Added shop/a - uid-a@9', 'Modified shop/a uid-a@9 uid-a@10']);
    // One that was deleted before it was made anew, as another one or as the same in the eyes of a selector.
    for (const uid of ['uid-a', 'uid-other']) mirror.remove(object('a', 9, uid));
    expect(told).toHaveLength(2);
    mirror.remove(object('a', 11));
    mirror.remove(object('a', 11));
    expect(told.slice(2)).toEqual(['Deleted shop/a uid-a@10 -']);
    // As where a label selector lost it and found it again.
    mirror.put(object('a', 10), 'list');
    expect(told.slice(3)).toEqual(['Added shop/a - uid-a@10']);
  });

  test.each([10, 11, 'opaque'])('what is gone in version %s, known in version 10, is gone', (version) => {
    mirror.put(object('a', 10), 'list');
    mirror.remove(object('a', version));
    expect(told).toEqual(['Added shop/a - uid-a@10', 'Deleted shop/a uid-a@10 -']);
  });

  test('takes what a list says though its version is lower, and not the same one twice', () => {
    for (const version of [9, 9, 3, 3]) mirror.put(object('a', version), 'list');
    expect(told).toEqual(['Added shop/a - uid-a@9', 'Modified shop/a uid-a@9 uid-a@3']);
    // From here on events count again.
    mirror.put(object('a', 4), 'event');
    expect(told.at(-1)).toBe('Modified shop/a uid-a@3 uid-a@4');
  });

  test('an object that was deleted and made anew unseen is both', () => {
    mirror.put(object('a', 20), 'event');
    mirror.put(object('a', 5, 'uid-other'), 'event');
    expect(told).toEqual(['Added shop/a - uid-a@20', 'Deleted shop/a uid-a@20 -', 'Added shop/a - uid-other@5']);
  });

  test('what a list lacks is deleted, and the rest stays', () => {
    for (const name of ['a', 'b', 'c']) mirror.put(object(name, 1), 'list');
    mirror.retain(new Set(['shop/b']));
    expect(told.slice(3)).toEqual(['Deleted shop/a uid-a@1 -', 'Deleted shop/c uid-c@1 -']);
    expect([...store.keys()]).toEqual(['shop/b']);
  });

  test('an object that could not be reduced is taken when it comes again, in the same version too', () => {
    mirror.put(object('a', 1), 'list');
    isBroken = true;
    mirror.put(object('a', 2), 'event');
    mirror.put(object('b', 2), 'event');
    expect([...store.values()]).toEqual(['uid-a@1']);
    isBroken = false;
    mirror.put(object('a', 2), 'list');
    mirror.put(object('b', 2), 'list');
    expect(told.slice(1)).toEqual([
      'fault shop/a Error: no such shape',
      'fault shop/b Error: no such shape',
      'Modified shop/a uid-a@1 uid-a@2',
      'Added shop/b - uid-b@2',
    ]);
  });

  test('an object that an index cannot take is taken when it comes again', () => {
    isUnindexable = true;
    mirror.put(object('a', 1), 'event');
    isUnindexable = false;
    mirror.put(object('a', 1), 'list');
    expect(told).toEqual(['fault shop/a Error: no such index', 'Added shop/a - uid-a@1']);
    expect([...store.by('uid', 'uid-a@1')]).toEqual(['uid-a@1']);
  });

  test('of an object that is made anew and cannot be reduced, the old one is gone', () => {
    mirror.put(object('a', 1), 'list');
    isBroken = true;
    mirror.put(object('a', 2, 'uid-other'), 'event');
    expect(told.slice(1)).toEqual(['Deleted shop/a uid-a@1 -', 'fault shop/a Error: no such shape']);
    expect(store.size).toBe(0);
  });

  test('a fault in one object is told, and the others go on', () => {
    for (const name of ['bad', 'hot', 'a']) mirror.put(object(name, 1), 'list');
    expect(told).toEqual([
      'fault shop/bad Error: no such shape',
      'Added shop/hot - uid-hot@1',
      'fault shop/hot Error: nobody is interested',
      'Added shop/a - uid-a@1',
    ]);
    expect([...store.keys()]).toEqual(['shop/hot', 'shop/a']);
  });
});

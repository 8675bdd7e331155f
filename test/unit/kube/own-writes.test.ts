import { describe, expect, test } from 'vitest';
import { OwnWrites } from '../../../src/kube/own-writes.ts';
import { isNewer } from '../../../src/kube/version.ts';

const object = (version: string, uid = 'u') => ({ uid, resourceVersion: version });

describe('own writes', () => {
  test('count until the watch has brought them, or something newer', () => {
    const own = new OwnWrites<ReturnType<typeof object>>();
    own.record('a', object('10'));
    expect(own.current('a', object('9'))).toEqual(object('10'));
    expect(own.current('a', object('11'))).toEqual(object('11'));
    // Forgotten: an older event cannot bring it back.
    expect(own.current('a', object('9'))).toEqual(object('9'));
  });

  test('do not outlive the object', () => {
    const own = new OwnWrites<ReturnType<typeof object>>();
    own.record('a', object('10'));
    expect(own.current('a', undefined)).toBeUndefined();
    own.record('a', object('10'));
    expect(own.current('a', object('3', 'other'))).toEqual(object('3', 'other'));
  });

  test('are bounded: the oldest give way', () => {
    const own = new OwnWrites<ReturnType<typeof object>>();
    for (let at = 0; at < 10_000; at += 1) own.record(`k${at}`, object('10'));
    own.record('k1', object('11'));
    for (const key of ['k10000', 'k10001']) own.record(key, object('10'));
    expect(own.current('k0', object('9'))).toEqual(object('9'));
    expect(own.current('k1', object('9'))).toEqual(object('11'));
    expect(own.current('k2', object('9'))).toEqual(object('9'));
    expect(own.current('k3', object('9'))).toEqual(object('10'));
    expect(own.current('k10000', object('9'))).toEqual(object('10'));
  });
});

test.each([
  ['10', '9', true],
  ['9', '10', false],
  ['10', '10', false],
  ['90071992547409931', '90071992547409930', true],
  ['10000000000000000000000', '9999999999999999999999', true],
  ['opaque', '10', true],
  ['10', '', true],
])('resourceVersion %s after %s: %s', (version, than, newer) => {
  expect(isNewer(version, than)).toBe(newer);
});

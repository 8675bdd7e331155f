import { describe, expect, it } from 'vitest';
import { isEmptySelector, type LabelSelector, selectorFaults, selects } from '../../../src/plan/selector.ts';

const LABELS = { app: 'checkout', tier: 'web', empty: '' };

describe('selects', () => {
  it.each<[string, LabelSelector, boolean]>([
    ['an empty selector selects all', {}, true],
    ['empty lists select all', { matchLabels: {}, matchExpressions: [] }, true],
    ['every matchLabels pair must be there', { matchLabels: { app: 'checkout', tier: 'web' } }, true],
    ['one pair that differs is enough to refuse', { matchLabels: { app: 'checkout', tier: 'db' } }, false],
    ['a label that is absent is not the empty string', { matchLabels: { zone: '' } }, false],
    ['an empty label value is a value', { matchLabels: { empty: '' } }, true],
    ['names of Object.prototype are not labels', { matchLabels: { constructor: 'x' } }, false],
    [
      'In: one of the values',
      { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart', 'checkout'] }] },
      true,
    ],
    ['In: none of the values', { matchExpressions: [{ key: 'app', operator: 'In', values: ['cart'] }] }, false],
    ['In: key absent', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['cart'] }] }, false],
    ['NotIn: other value', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['cart'] }] }, true],
    ['NotIn: that value', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['checkout'] }] }, false],
    ['NotIn: key absent is selected', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, true],
    ['Exists: there', { matchExpressions: [{ key: 'empty', operator: 'Exists' }] }, true],
    ['Exists: absent', { matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, false],
    ['DoesNotExist: there', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    ['DoesNotExist: absent', { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, true],
    [
      'labels and expressions must both hold',
      { matchLabels: { app: 'checkout' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      false,
    ],
  ])('%s', (_, selector, expected) => {
    expect(selects(selector, LABELS)).toBe(expected);
  });
});

describe('isEmptySelector', () => {
  it.each<[LabelSelector, boolean]>([
    [{}, true],
    [{ matchLabels: {}, matchExpressions: [] }, true],
    [{ matchLabels: { a: 'b' } }, false],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, false],
  ])('%j is %s', (selector, expected) => {
    expect(isEmptySelector(selector)).toBe(expected);
  });
});

describe('selectorFaults', () => {
  it.each<[string, LabelSelector]>([
    ['a plain key', { matchLabels: { app: 'a_b.c-d' } }],
    ['a prefixed key', { matchLabels: { 'app.kubernetes.io/name': 'x' } }],
    ['an empty value', { matchLabels: { app: '' } }],
    [
      'every operator',
      {
        matchExpressions: [
          { key: 'a', operator: 'NotIn', values: ['x'] },
          { key: 'b', operator: 'Exists', values: [] },
        ],
      },
    ],
  ])('accepts %s', (_, selector) => {
    expect(selectorFaults(selector)).toEqual([]);
  });

  it.each<[string, LabelSelector, (string | number)[], string]>([
    ['a key with a space', { matchLabels: { 'a b': 'x' } }, ['matchLabels', 'a b'], '"a b" is no label key'],
    ['two slashes', { matchLabels: { 'a/b/c': 'x' } }, ['matchLabels', 'a/b/c'], '"a/b/c" is no label key'],
    ['an upper-case prefix', { matchLabels: { 'A.io/b': 'x' } }, ['matchLabels', 'A.io/b'], '"A.io/b" is no label key'],
    ['a value that is too long', { matchLabels: { a: 'x'.repeat(64) } }, ['matchLabels', 'a'], 'is no label value'],
    [
      'control characters in a value',
      { matchExpressions: [{ key: 'a', operator: 'In', values: ['ok', '\u001b[2J'] }] },
      ['matchExpressions', 0, 'values', 1],
      '"\\x1b[2J" is no label value',
    ],
    [
      'In without values',
      { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] },
      ['matchExpressions', 0, 'values'],
      'In needs at least one value in "values"',
    ],
    [
      'Exists with values',
      { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] },
      ['matchExpressions', 0, 'values'],
      'Exists takes no values: leave "values" out, or write In or NotIn with x',
    ],
  ])('refuses %s', (_, selector, path, message) => {
    const faults = selectorFaults(selector);
    expect(faults.map((fault) => fault.path)).toEqual([path]);
    expect(faults[0]?.message).toContain(message);
  });
});

import { describe, expect, it } from 'vitest';
import { compareNames, list, shown } from '../../../src/plan/names.ts';

describe('compareNames', () => {
  it('sorts by namespace first, so that "shop-eu" comes after "shop"', () => {
    expect(['shop-eu/a', 'shop/b', 'shop.x/a', 'shop/a'].toSorted(compareNames)).toEqual([
      'shop/a',
      'shop/b',
      'shop-eu/a',
      'shop.x/a',
    ]);
  });
});

describe('names in messages', () => {
  it('are cut and escaped', () => {
    expect(shown('a\u202eb\n')).toBe('a\\u202eb\\x0a');
    expect(shown('n'.repeat(10_000))).toBe(`${'n'.repeat(252)}…`);
  });

  it('are counted beyond the eighth', () => {
    expect(list(['a', 'b'])).toBe('a, b');
    expect(list(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])).toBe('a, b, c, d, e, f, g, h and 2 more');
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth, fit, pad } from '../../../src/lib/width.ts';

test.each([
  ['ASCII', 'abc', 3],
  ['Latin with accents', 'Zürich', 6],
  ['a combining accent', 'e\u0301', 1],
  ['CJK', '名前', 4],
  ['Hangul', '한글', 4],
  ['fullwidth forms', 'ＡＢ', 4],
  ['emoji', '😀🚀', 4],
  ['the ellipsis and arrows', '…→', 2],
])('%s takes the columns that a terminal gives it', (_name, text, expected) => {
  expect(displayWidth(text)).toBe(expected);
});

describe('fit', () => {
  test.each([
    ['what fits stays', 'abc', 3, 'abc'],
    ['what does not fit ends in an ellipsis', 'abcd', 3, 'ab…'],
    ['a wide character that would cross the edge is left out', '名前', 3, '名…'],
    ['a wide character is left out with its column', 'a名前', 3, 'a…'],
    ['one column is the ellipsis alone', 'ab', 1, '…'],
  ])('%s', (_name, text, width, expected) => {
    expect(fit(text, width)).toBe(expected);
  });

  test('is never wider than asked, and pads to exactly the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(displayWidth(pad(fit(text, width), width, 'left'))).toBe(width);
      }),
    );
  });
});

test('pad fills before the text when it is aligned right', () => {
  expect(pad('12', 5, 'right')).toBe('   12');
});

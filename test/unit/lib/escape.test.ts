import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutText, escapeForTerminal, jsonString } from '../../../src/lib/escape.ts';

describe('cutText', () => {
  test.each([
    ['text at the limit stays as it is', 'abcd', 4, 'abcd'],
    ['text over the limit ends in an ellipsis within the limit', 'abcde', 4, 'abc…'],
    ['a surrogate pair is never torn', 'ab😀cd', 4, 'ab…'],
    ['a surrogate pair that fits stays', 'ab😀cd', 5, 'ab😀…'],
  ])('%s', (_name, text, limit, expected) => {
    expect(cutText(text, limit)).toBe(expected);
  });
});

describe('escapeForTerminal', () => {
  test.each([
    ['plain text stays', 'curl 8.5 (x86)', 'curl 8.5 (x86)'],
    ['letters of any script stay', 'Zürich 名前 😀', 'Zürich 名前 😀'],
    ['an ANSI colour', '\x1b[31mred', '\\x1b[31mred'],
    ['newline, carriage return, tab and NUL', 'a\nb\rc\td\0', 'a\\x0ab\\x0dc\\x09d\\x00'],
    ['DEL and the one-byte CSI of C1', '\x7f\x9b31m', '\\x7f\\x9b31m'],
    ['a bidi override', 'exe\u202etxt', 'exe\\u202etxt'],
    ['a zero-width space and a line separator', 'a\u200bb\u2028c', 'a\\u200bb\\u2028c'],
    ['a lone surrogate', 'a\ud800b', 'a\\ud800b'],
    ['a tag character beyond the basic plane', 'a\u{e0041}', 'a\\u{e0041}'],
  ])('%s', (_name, text, expected) => {
    expect(escapeForTerminal(text)).toBe(expected);
  });

  test('leaves no character that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeForTerminal(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('jsonString', () => {
  test.each([
    ['quotes and backslashes', 'a"b\\c', '"a\\"b\\\\c"'],
    ['ESC, by JSON itself', '\x1b[0m', '"\\u001b[0m"'],
    ['DEL and C1 controls, which JSON would let through', '\x7f\x9b', '"\\u007f\\u009b"'],
    ['bidi controls', '\u061c\u202e\u2066', '"\\u061c\\u202e\\u2066"'],
    ['a lone surrogate', '\udc00', '"\\udc00"'],
  ])('escapes %s', (_name, text, expected) => {
    expect(jsonString(text)).toBe(expected);
  });

  test('is read back as the same text, and has no byte that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = jsonString(text);
        expect(JSON.parse(json)).toBe(text);
        expect(json).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../../src/api/manifest/manifest.ts';
import { formatProblem } from '../../../../src/api/manifest/problem.ts';
import { LIMITS } from '../../../../src/api/manifest/source.ts';
import { KINDS } from '../../../support/manifests/kinds.ts';
import { COMPLETE, manifest, PAIRS } from '../../../support/manifests/table.ts';

const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e]/u;

/** What the answer to a text breaks of what holds for any: it is bounded, at places of the file, on one line each. */
function brokenPromises(text: string): string[] {
  const { objects, problems } = parseManifest(text, 'f', KINDS);
  const broken: string[] = [];
  if (objects.length + problems.length === 0) broken.push('no answer');
  if (problems.length > 101) broken.push(`${problems.length} problems`);
  const lines = text.split('\n');
  for (const problem of problems) {
    const printed = formatProblem(problem);
    const length = lines[problem.line - 1]?.length;
    if (length === undefined || problem.column < 1 || problem.column > length + 1)
      broken.push(`outside the file: ${printed}`);
    if (HARMFUL.test(printed)) broken.push(`harmful: ${JSON.stringify(printed)}`);
    if (printed.length > 3000) broken.push(`long: ${printed.length}`);
  }
  return broken;
}

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

function mutate(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { at, cut, put } of edits) {
    const index = Math.floor(at * result.length);
    result = result.slice(0, index) + put + result.slice(index + cut);
  }
  return result;
}

/** As many pieces as a file may hold. */
function full(piece: string, before = '', after = ''): string {
  return before + piece.repeat(Math.floor((LIMITS.characters - before.length - after.length) / piece.length)) + after;
}

function distinct(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join('');
}

const SPEC = 'apiVersion: weir.dev/v1alpha1\nkind: FlowCapture\nmetadata: {name: a}\nspec: ';

const VALID = [
  ...COMPLETE.map(({ kind, spec }) => manifest(kind, 'a', spec)),
  ...PAIRS.flatMap(({ kind, accepted, refused }) => [manifest(kind, 'a', accepted), manifest(kind, 'b', refused)]),
];
const FRAGMENTS = [
  '---\n',
  '[',
  '{',
  ']',
  '}',
  ': ',
  ', ',
  '\n',
  '\n  ',
  '- ',
  '&a ',
  '*a',
  '!!',
  '"',
  "'",
  '|\n',
  '? ',
  '#',
  '%',
  '\t',
  '\0',
  '\u001b[2J',
  '\u{1f600}',
  '\ud800',
  '<<: ',
  'null',
  '1e999',
  '-0',
  '.nan',
  '0x',
  '~',
];

describe('any text gets an answer', () => {
  const anyPieces = fc.array(fc.constantFrom(...FRAGMENTS, 'apiVersion', 'kind', 'spec', 'a'), { maxLength: 60 });
  const anyEdit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(12),
    put: fc.constantFrom('', ...FRAGMENTS),
  });
  const mutated = fc.tuple(fc.constantFrom(...VALID), fc.array(anyEdit, { minLength: 1, maxLength: 4 }));

  test.each<[string, fc.Arbitrary<string>]>([
    ['arbitrary characters', fc.string({ unit: 'binary', maxLength: 400 })],
    ['what YAML is made of, in any order', anyPieces.map((pieces) => pieces.join(''))],
    ['a manifest with pieces cut out and put in', mutated.map(([text, edits]) => mutate(text, edits))],
    ['any JSON value where a spec belongs', fc.json({ maxDepth: 6 }).map((spec) => manifest('FlowCapture', 'a', spec))],
  ])('%s', (_name, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(brokenPromises(text)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a megabyte of anything is answered within bounds', () => {
  test.each<[string, string, RegExp]>([
    ['open lists', full('['), /nested deeper than 64 levels/],
    ['open objects', full('{a: '), /nested deeper than 64 levels/],
    ['lists in lists', full('- '), /nested deeper than 64 levels/],
    ['keys in keys', full('? '), /nested deeper than 64 levels/],
    ['closing brackets', full('}'), /this is not YAML/],
    ['documents', full('a\n---\n'), /more than 1000 documents/],
    ['empty documents', full('---\n'), /more than 1000 documents/],
    ['aliases', full('*a,', `${SPEC}{podSelector: &a {}, peers: [`, ']}'), /more than 250000 values/],
    [
      'doubling aliases',
      `a0: &a0 [x, x]\n${distinct(40, (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`)}`,
      /more than 250000 values/,
    ],
    ['different keys', `${SPEC}\n${distinct(90_000, (i) => `  k${i}: \n`)}`, /more problems are not shown/],
    ['one long text', full('x', `${SPEC}{direction: "`, '"}'), /expected one of Any, Outbound, Inbound, got "x{79}…"/],
    ['one long key', full('x', `${SPEC}{? "`, '" : 1}'), /unknown field; known here/],
    [
      'one character too many',
      ' '.repeat(LIMITS.characters + 1),
      /the file is larger than 1048576 characters; split it/,
    ],
  ])(
    '%s',
    (_name, text, message) => {
      const { problems } = parseManifest(text, 'f', KINDS);
      expect(problems.map(formatProblem).join('\n')).toMatch(message);
      expect(problems.length).toBeLessThanOrEqual(101);
    },
    60_000,
  );
});

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compressedName,
  isTemporary,
  LONGEST_ADDITION,
  parseRotated,
  rotatedName,
  temporaryName,
} from '../../../../src/export/file/names.ts';
import { excess, isDue, nextStamp, uncompressed } from '../../../../src/export/file/policy.ts';
import { T0 } from './writer.ts';

const YEAR_9999 = Date.parse('9999-12-31T23:59:59.000Z');
const base = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
const stamp = fc.integer({ min: 0, max: YEAR_9999 });

describe('the name of a renamed file', () => {
  test('is the time, without colons, after the name', () => {
    expect(rotatedName('flows.ndjson', T0)).toBe('flows.ndjson.2026-11-26T11-42-03.123Z');
  });

  test('tells what it is made of, compressed or not, and a temporary one is hidden and neither', () => {
    fc.assert(
      fc.property(base, stamp, fc.boolean(), (name, at, compressed) => {
        const plain = rotatedName(name, at);
        const made = compressed ? compressedName(plain) : plain;
        expect(parseRotated(name, made)).toEqual({ name: made, stamp: at, compressed });
        expect(isTemporary(name, made)).toBe(false);
        const temporary = temporaryName(plain, '0123abcd');
        expect(temporary.startsWith('.')).toBe(true);
        expect(parseRotated(name, temporary)).toBeUndefined();
        expect(isTemporary(name, temporary)).toBe(true);
        expect(temporary.length - name.length).toBe(LONGEST_ADDITION);
      }),
    );
  });

  test('sorts as the times do', () => {
    fc.assert(
      fc.property(stamp, stamp, (a, b) => {
        expect(rotatedName('f', a) < rotatedName('f', b)).toBe(a < b);
      }),
    );
  });

  test.each([
    'flows.ndjson',
    'flows.ndjson.1',
    'flows.ndjson.gz',
    'flows.ndjson.2026-11-26T11-42-03Z',
    'flows.ndjson.2026-11-26T11:42:03.123Z',
    'flows.ndjson.2026-11-26T11-42-03.123Z.gz.gz',
    'flows.ndjson.2026-02-30T11-42-03.123Z',
    'flows.ndjson.2026-13-01T11-42-03.123Z',
    'flows.ndjson.2026-11-26T11-42-03.123Z.bz2',
    'other.flows.ndjson.2026-11-26T11-42-03.123Z',
    'flows.ndjson.old.2026-11-26T11-42-03.123Z',
  ])('%s is none', (name) => {
    expect(parseRotated('flows.ndjson', name)).toBeUndefined();
  });

  test.each([
    '.flows.ndjson.2026-11-26T11-42-03.123Z.gz.0123abcd',
    '.flows.ndjson.2026-11-26T11-42-03.123Z.gz.tmp',
    '.flows.ndjson.2026-11-26T11-42-03.123Z.0123abcd.tmp',
    '.flows.ndjson.2026-11-26T11-42-03.123Z.gz.0123ABCD.tmp',
    '.other.2026-11-26T11-42-03.123Z.gz.0123abcd.tmp',
    'flows.ndjson.2026-11-26T11-42-03.123Z.gz.0123abcd.tmp',
  ])('%s is nothing that was being compressed', (name) => {
    expect(isTemporary('flows.ndjson', name)).toBe(false);
  });
});

function there(stamps: readonly number[], compressed = false) {
  return stamps.map((at) => {
    const plain = rotatedName('f', at);
    return { name: compressed ? compressedName(plain) : plain, stamp: at, compressed };
  });
}

describe('the next name', () => {
  test('comes after all that are there, whatever the clock says, and is the time where that comes after them', () => {
    fc.assert(
      fc.property(fc.array(stamp), stamp, (stamps, now) => {
        const next = nextStamp(now, there(stamps));
        expect(stamps.every((other) => other < next)).toBe(true);
        expect(next).toBe(Math.max(now, ...stamps.map((other) => other + 1)));
      }),
    );
  });
});

describe('what goes', () => {
  test('are the oldest, so that as many stay as may; a file and its compressed self are one', () => {
    const kinds = fc.uniqueArray(fc.record({ at: stamp, plain: fc.boolean() }), { selector: ({ at }) => at });
    fc.assert(
      fc.property(kinds, fc.integer({ min: 1, max: 5 }), (files, maxFiles) => {
        const all = files.flatMap(({ at, plain }) => [...there([at], true), ...(plain ? there([at]) : [])]);
        const gone = excess(all, maxFiles);
        const left = all.filter(({ name }) => !gone.includes(name)).map((file) => file.stamp);
        const newest = files.map(({ at }) => at).toSorted((a, b) => b - a);
        expect(new Set(left)).toEqual(new Set(newest.slice(0, maxFiles)));
        const stamps = gone.map((name) => name.replace('.gz', ''));
        expect(stamps).toEqual(stamps.toSorted());
      }),
    );
  });

  test('is nothing without a bound', () => {
    expect(excess(there([1, 2, 3]), undefined)).toEqual([]);
  });
});

test('the oldest is compressed first, and none twice', () => {
  const names = uncompressed([...there([3, 1]), ...there([2], true)]).map((file) => file.stamp);
  expect(names).toEqual([1, 3]);
});

describe('a file is renamed', () => {
  const rotation = { maxBytes: 100, maxAgeMillis: 1000, maxFiles: undefined, compress: false };
  test.each([
    ['before it would exceed its size', { size: 60, ageMillis: 0 }, 41, true],
    ['not when it becomes just as large', { size: 60, ageMillis: 0 }, 40, false],
    ['when it is old enough', { size: 1, ageMillis: 1000 }, 0, true],
    ['not before', { size: 1, ageMillis: 999 }, 0, false],
    ['never while it is empty, however much comes', { size: 0, ageMillis: 5000 }, 500, false],
  ])('%s', (_, filling, more, due) => {
    expect(isDue(filling, more, rotation)).toBe(due);
  });

  test('for neither where there is no bound', () => {
    const none = { ...rotation, maxBytes: undefined, maxAgeMillis: undefined };
    expect(isDue({ size: 2 ** 50, ageMillis: 2 ** 50 }, 1, none)).toBe(false);
  });
});

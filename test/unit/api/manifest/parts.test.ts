import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyDefaults } from '../../../../src/api/manifest/defaults.ts';
import type { Fault } from '../../../../src/api/manifest/fault.ts';
import { isCidr } from '../../../../src/api/manifest/formats.ts';
import { kindFromCrd } from '../../../../src/api/manifest/kinds.ts';
import { nearest } from '../../../../src/api/manifest/nearest.ts';
import { formatPath, quote } from '../../../../src/api/manifest/problem.ts';
import { compileRules } from '../../../../src/api/manifest/rules.ts';
import { readPlainScalar } from '../../../../src/api/manifest/scalar.ts';
import { compileSchema } from '../../../../src/api/manifest/schema-check.ts';

describe('a plain scalar means what it means to kubectl', () => {
  test.each([
    ['', null],
    ['~', null],
    ['Null', null],
    ['yes', true],
    ['off', false],
    ['N', false],
    ['nO', 'nO'],
    ['12', 12],
    ['-12', -12],
    ['+12', 12],
    ['0', 0],
    ['0755', 493],
    ['0o17', 15],
    ['-0x1F', -31],
    ['0b101', 5],
    ['089', 89],
    ['1_000', 1000],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['.', '.'],
    ['-', '-'],
    ['12:30', '12:30'],
    ['2026-11-21', '2026-11-21'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['.inf', '.inf'],
    ['1.2.3', '1.2.3'],
    ['TCP', 'TCP'],
  ])('%j', (source, expected) => {
    expect(readPlainScalar(source)).toBe(expected);
  });
});

describe('a network', () => {
  test.each([
    '0.0.0.0/0',
    '10.0.0.1/8',
    '255.255.255.255/32',
    '::/0',
    'fd00::/8',
    '1:2:3:4:5:6:7:8/128',
    '::ffff:10.0.0.0/104',
    '1::8/64',
    '::1.2.3.4/128',
  ])('%s is one', (text) => expect(isCidr(text)).toBe(true));
  test.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    '256.0.0.0/8',
    '10.0.0.0/8/8',
    '/8',
    '::/129',
    ':::/8',
    '1::2::3/8',
    '1:2:3:4:5:6:7/8',
    '1:2:3:4:5:6:7::8/8',
    'fe80::1%eth0/64',
    '1.2.3.4::/8',
    '12345::/8',
    '::1.2.3/128',
    ' ::/0',
    '10.0.0.0/-1',
  ])('%s is none', (text) => expect(isCidr(text)).toBe(false));

  test('is what Node takes for an address, with a prefix', () => {
    const address = fc.oneof(
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom(':', '::', '0', 'f', '1.2.3.4', '12'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(address, fc.nat(128), (text, prefix) => {
        expect(isCidr(`${text}/${prefix}`)).toBe(isIPv6(text) || (isIPv4(text) && prefix <= 32));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the field that was probably meant', () => {
  const names = ['podSelector', 'nodeSelector', 'namespaceSelector', 'direction', 'suspend', 's3'];
  test.each([
    ['podSelecter', 'podSelector'],
    ['podselector', 'podSelector'],
    ['Direction', 'direction'],
    ['suspended', 'suspend'],
    ['destination', undefined],
    ['x', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('by %s', (word, expected) => {
    expect(nearest(word, names)).toBe(expected);
  });
});

test('a path is written as people write it', () => {
  expect(formatPath(['spec', 'peers', 0, 'cidrs', 12])).toBe('spec.peers[0].cidrs[12]');
  expect(formatPath(['metadata', 'labels', 'app.kubernetes.io/name'])).toBe(
    'metadata.labels["app.kubernetes.io/name"]',
  );
  expect(formatPath(['a"\n', 'b'])).toBe(String.raw`["a\"\x0a"].b`);
  expect(formatPath([])).toBe('');
});

test('a quoted text is cut at 80 characters', () => {
  expect(quote('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
  expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(79)}…"`);
});

test('defaults fill in what is absent or null, depth first, and leave the argument alone', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'object', default: {}, properties: { b: { type: 'integer', default: 1 }, c: { type: 'string' } } },
      d: { type: 'string', nullable: true, default: 'x' },
      e: { type: 'array', items: { type: 'object', properties: { f: { type: 'string' } } } },
    },
  } as const;
  const input = { d: null, e: [{ f: null }, null] };
  expect(applyDefaults(input, schema)).toEqual({ a: { b: 1 }, d: null, e: [{}, null] });
  expect(applyDefaults({ a: null }, schema)).toEqual({ a: { b: 1 }, d: 'x' });
  expect(applyDefaults({ a: { b: null, c: null } }, schema)).toEqual({ a: { b: 1 }, d: 'x' });
  expect(applyDefaults({ a: { b: 2 } }, schema)).toEqual({ a: { b: 2 }, d: 'x' });
  expect(input).toEqual({ d: null, e: [{ f: null }, null] });
});

function check(rule: string, schema: object, value: { [key: string]: number | string }): Fault[] {
  return compileRules({
    type: 'object',
    ...schema,
    'x-kubernetes-validations': [{ rule, message: 'm', fieldPath: '.x' }],
  })(value);
}

describe('rules', () => {
  test('see integers as integers and field names escaped as Kubernetes does', () => {
    const schema = {
      properties: { namespace: { type: 'string' }, 'a-b': { type: 'integer' }, x__y: { type: 'integer' } },
    };
    expect(
      check("self.__namespace__ == 'n' && self.a__dash__b / 2 == 1", schema, { namespace: 'n', 'a-b': 3 }),
    ).toEqual([]);
    expect(check('self.x__underscores__y == 1', schema, { x__y: 2 })).toEqual([
      { path: ['x'], at: 'value', message: 'm', expected: 'm' },
    ]);
  });

  test('see the keys of a map as they are', () => {
    const schema = { additionalProperties: { type: 'integer' } };
    expect(check("self.all(key, key == 'a-b' && self[key] == 3)", schema, { 'a-b': 3 })).toEqual([]);
  });

  test('that compare with the former self wait for an update', () => {
    expect(check('self == oldSelf', {}, {})).toEqual([]);
  });

  test.each([
    ['self.', 'Expected IDENTIFIER'],
    ['isCIDR(self.x)', 'is not standard CEL'],
    ['other == 1', 'is not standard CEL'],
  ])('that are not standard CEL are refused: %s', (rule, message) => {
    expect(() => check(rule, {}, {})).toThrow(message);
  });
});

test('a schema with a keyword or format that is not understood does not compile', () => {
  expect(() => compileSchema({ type: 'string', format: 'hostname' })).toThrow(/hostname/);
  const foreign: object = { type: 'string', 'x-kubernetes-embedded-resource': true };
  expect(() => compileSchema(foreign)).toThrow(/x-kubernetes-embedded-resource/);
});

test('integers have the width that the schema names', () => {
  const checkWidth = compileSchema({ type: 'integer', format: 'int32' });
  expect([2 ** 31 - 1, -(2 ** 31)].flatMap(checkWidth)).toEqual([]);
  expect(checkWidth(2 ** 31)[0]?.message).toBe('expected an integer of 32 bits, got 2147483648');
});

test.each(['', 'a: b', 'spec: {group: g, names: {kind: K}, versions: [{name: v1, storage: false}]}'])(
  'no kind comes from %j',
  (text) => {
    expect(() => kindFromCrd(text)).toThrow('holds no CustomResourceDefinition');
  },
);

import { describe, expect, expectTypeOf, test } from 'vitest';
import { CATALOGUE, type FieldName, fieldOf, selectFields } from '../../../src/record/catalogue.ts';

describe('the catalogue', () => {
  test('has every name once', () => {
    const names = CATALOGUE.map((field) => field.name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('names are lower-case words with dots between them', () => {
    for (const { name } of CATALOGUE) expect(name).toMatch(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/);
  });

  test('gives an IPFIX element to one field only', () => {
    const elements = CATALOGUE.flatMap(({ ipfix }) => (ipfix === null ? [] : [JSON.stringify(ipfix)]));
    expect(new Set(elements).size).toBe(elements.length);
  });

  test('knows its names as a type', () => {
    expectTypeOf<'start'>().toExtend<FieldName>();
    expectTypeOf<'destination.proxy.k8s.pod.name'>().toExtend<FieldName>();
    expectTypeOf<'source.hostname'>().not.toExtend<FieldName>();
  });

  test('finds a field by its name', () => {
    expect(fieldOf('source.k8s.owner.name').description).toBe('Name of the top owner of the source.');
  });
});

describe('selectFields', () => {
  test("gives the fields in the record's order, each once", () => {
    const names = ['node', 'source.bytes', 'start', 'node'];
    expect(selectFields(names).map((field) => field.name)).toEqual(['start', 'source.bytes', 'node']);
  });

  test('refuses a name that no field has, and says where the names are', () => {
    expect(() => selectFields(['start', 'source.ip'])).toThrow(
      'a flow record has no field "source.ip": use a name from docs/record.md, such as source.address or destination.k8s.owner.name',
    );
  });

  test('is not taken in by names of Object', () => {
    expect(() => selectFields(['constructor'])).toThrow('no field "constructor"');
  });
});

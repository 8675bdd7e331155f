import type { ErrorObject } from 'ajv';
import type { Fault } from './fault.ts';
import { FORMATS } from './formats.ts';
import { nearest } from './nearest.ts';
import { type FieldPath, quote } from './problem.ts';
import { isJsonObject, type Json, type StructuralSchema } from './structural.ts';

const TYPE_WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
};

const MAX_NAMES = 24;

/** Says what ajv found in words: what was expected, what stands there, and what is probably meant. */
export function explain(error: ErrorObject, root: Json): Fault {
  const path = pointerToPath(error.instancePath, root);
  const schema = isSchema(error.parentSchema) ? error.parentSchema : {};
  const params: Readonly<Record<string, unknown>> = error.params;
  if (error.keyword === 'required') return missingField(path, String(params['missingProperty']), schema);
  if (error.keyword === 'additionalProperties') {
    return unknownField(path, String(params['additionalProperty']), Object.keys(schema.properties ?? {}));
  }
  const expected = expectation(error.keyword, schema, params);
  const advice = error.keyword === 'enum' ? didYouMean(error.data, schema) : quotesAdvice(error, schema);
  return { path, at: 'value', message: `expected ${expected}, got ${show(error)}${advice}`, expected };
}

/** The example that every description ends with, or nothing. */
export function exampleOf(schema: StructuralSchema | undefined): string | undefined {
  return /Example: (?<example>[^]*?)\.?$/.exec(schema?.description ?? '')?.groups?.['example'];
}

function missingField(parent: FieldPath, name: string, schema: StructuralSchema): Fault {
  const field = schema.properties?.[name];
  const words = wordsForType(field);
  const example = exampleOf(field);
  const expected = example === undefined ? words : `${words}, such as ${example}`;
  return { path: [...parent, name], at: 'value', message: `required; add ${expected}`, expected };
}

function unknownField(parent: FieldPath, name: string, known: readonly string[]): Fault {
  const meant = nearest(name, known);
  const list = known.length === 0 ? 'there are none here' : `known here: ${known.slice(0, MAX_NAMES).join(', ')}`;
  const advice = meant === undefined ? list : `did you mean ${meant}?`;
  return {
    path: [...parent, name],
    at: 'key',
    message: `unknown field; ${advice}`,
    expected: meant ?? (known.length === 0 ? 'no field' : `one of ${known.slice(0, MAX_NAMES).join(', ')}`),
  };
}

function didYouMean(data: unknown, schema: StructuralSchema): string {
  if (typeof data !== 'string') return '';
  const meant = nearest(data, (schema.enum ?? []).map(String));
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function quotesAdvice(error: ErrorObject, schema: StructuralSchema): string {
  const scalar = typeof error.data === 'number' || typeof error.data === 'boolean';
  return error.keyword === 'type' && scalar && wordsForType(schema).includes('string') ? '; put it in quotes' : '';
}

/** ajv names a place by JSON pointer (RFC 6901), where an index looks like a key. */
function pointerToPath(pointer: string, root: Json): FieldPath {
  const path: (string | number)[] = [];
  let value: Json | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(key) : key);
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isJsonObject(value) ? value[key] : undefined;
  }
  return path;
}

function expectation(keyword: string, schema: StructuralSchema, params: Readonly<Record<string, unknown>>): string {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'type':
      return wordsForType(schema);
    case 'enum':
      return `one of ${(schema.enum ?? []).join(', ')}`;
    case 'pattern':
      return `text such as ${exampleOf(schema) ?? `what ${schema.pattern ?? ''} matches`}`;
    case 'format': {
      const words = Object.entries(FORMATS).find(([name]) => name === params['format'])?.[1].expected;
      const example = exampleOf(schema);
      return `${words ?? String(params['format'])}${example === undefined ? '' : ` such as ${example}`}`;
    }
    case 'minimum':
      return `at least ${limit}`;
    case 'maximum':
      return `at most ${limit}`;
    case 'minLength':
      return `at least ${plural(limit, 'character')}`;
    case 'maxLength':
      return `at most ${plural(limit, 'character')}`;
    case 'minItems':
      return `at least ${plural(limit, 'entry', 'entries')}`;
    case 'maxItems':
      return `at most ${plural(limit, 'entry', 'entries')}`;
    case 'minProperties':
      return `at least ${plural(limit, 'field')}`;
    case 'maxProperties':
      return `at most ${plural(limit, 'field')}`;
    default:
      throw new Error(`the schema uses ${keyword}, for which there are no words`);
  }
}

function plural(count: string, one: string, many = `${one}s`): string {
  return `${count} ${count === '1' ? one : many}`;
}

function wordsForType(schema: StructuralSchema | undefined): string {
  // Compiled schemas hold a list of types: a value may be null, or an integer or a string.
  const types = [schema?.type ?? []].flat();
  return types.map((type) => TYPE_WORDS[type] ?? type).join(' or ') || 'a value';
}

function show(error: ErrorObject): string {
  const data: unknown = error.data;
  if (typeof data === 'string') {
    // Characters as a schema counts them: code points.
    return error.keyword.endsWith('Length') ? String(Array.from(data).length) : quote(data);
  }
  if (Array.isArray(data)) return error.keyword.endsWith('Items') ? String(data.length) : 'a list';
  if (typeof data !== 'object' || data === null) return String(data);
  return error.keyword.endsWith('Properties') ? String(Object.keys(data).length) : 'an object';
}

function isSchema(value: unknown): value is StructuralSchema {
  return typeof value === 'object' && value !== null;
}

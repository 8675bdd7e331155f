import { Ajv, type ErrorObject } from 'ajv';
import { explain } from './explain.ts';
import type { Fault } from './fault.ts';
import { FORMATS } from './formats.ts';
import type { Json, StructuralSchema } from './structural.ts';

// More than anybody is shown; finding words for each costs more than finding the error.
const MAX_ERRORS = 1000;

/** Compares a value with a schema; unknown fields are faults. Defaults have been applied before. */
export type SchemaCheck = (value: Json) => Fault[];

/**
 * Compiles a structural schema once, for many values.
 *
 * @throws Error when the schema uses a keyword or format that is not understood here.
 */
export function compileSchema(schema: StructuralSchema): SchemaCheck {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: true, allowUnionTypes: true, strictRequired: false });
  ajv.addFormat('int32', { type: 'number', validate: FORMATS.int32.accepts });
  ajv.addFormat('int64', { type: 'number', validate: FORMATS.int64.accepts });
  ajv.addFormat('cidr', FORMATS.cidr.accepts);
  ajv.addFormat('date-time', FORMATS['date-time'].accepts);
  for (const keyword of ['x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type']) {
    ajv.addKeyword(keyword);
  }
  ajv.addKeyword('x-kubernetes-validations');
  const validate = ajv.compile(toJsonSchema(schema));
  return (value) => {
    if (validate(value)) return [];
    return mostTelling((validate.errors ?? []).slice(0, MAX_ERRORS)).map((error) => explain(error, value));
  };
}

/** A value that is none of an enum is of the wrong type too, perhaps: the enum says more. */
function mostTelling(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const enums = new Set(errors.filter(({ keyword }) => keyword === 'enum').map(({ instancePath }) => instancePath));
  return errors.filter(({ keyword, instancePath }) => keyword !== 'type' || !enums.has(instancePath));
}

/** JSON Schema of what the API server accepts: fields that a structural schema does not name are closed off. */
function toJsonSchema(schema: StructuralSchema): object {
  const {
    type,
    nullable = false,
    default: _appliedBefore,
    properties,
    additionalProperties,
    items,
    'x-kubernetes-preserve-unknown-fields': preserve = false,
    'x-kubernetes-int-or-string': intOrString = false,
    ...rest
  } = schema;
  const types = intOrString ? ['integer', 'string'] : type === undefined ? [] : [type];
  const result: Record<string, unknown> = { ...rest };
  if (types.length > 0) result['type'] = nullable ? [...types, 'null'] : types;
  if (items !== undefined) result['items'] = toJsonSchema(items);
  if (type !== 'object') return result;
  result['properties'] = Object.fromEntries(
    Object.entries(properties ?? {}).map(([key, property]) => [key, toJsonSchema(property)]),
  );
  result['additionalProperties'] = additionalProperties === undefined ? preserve : toJsonSchema(additionalProperties);
  return result;
}

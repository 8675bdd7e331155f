import type { FieldPath } from './problem.ts';
import { childSchema, isJsonObject, type Json, type StructuralSchema } from './structural.ts';

/** A value, the schema that it has to meet, and its place. */
export interface Visit {
  readonly value: Json;
  readonly schema: StructuralSchema;
  readonly path: FieldPath;
}

/** Every value of an object that a schema speaks of, parents before children. */
export function* walk(value: Json, schema: StructuralSchema, path: FieldPath = []): Generator<Visit> {
  yield { value, schema, path };
  if (Array.isArray(value)) {
    const items = schema.items;
    if (items === undefined) return;
    for (const [index, item] of value.entries()) yield* walk(item, items, [...path, index]);
  } else if (isJsonObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      const known = childSchema(schema, key);
      if (known !== undefined) yield* walk(child, known, [...path, key]);
    }
  }
}

import {
  childSchema,
  emptyObject,
  isJsonObject,
  type Json,
  type JsonObject,
  type StructuralSchema,
  toJson,
} from './structural.ts';

/**
 * What the API server does to an object before it validates it: defaults are filled in, depth first, and a null where the
 * schema allows none counts as absent (apiextensions-apiserver, structural defaulting: a null property is replaced by
 * its default, or pruned when it has none; a null in a list stays). The argument is left as it is.
 */
export function applyDefaults(value: Json, schema: StructuralSchema): Json {
  if (Array.isArray(value)) {
    const items = schema.items;
    return items === undefined ? value : value.map((item) => applyDefaults(item, items));
  }
  if (!isJsonObject(value)) return value;
  const result: JsonObject = emptyObject();
  for (const [key, child] of Object.entries(value)) {
    const known = childSchema(schema, key);
    if (child === null && known !== undefined && known.nullable !== true) continue;
    result[key] = known === undefined ? child : applyDefaults(child, known);
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || key in result) continue;
    result[key] = applyDefaults(toJson(property.default), property);
  }
  return result;
}

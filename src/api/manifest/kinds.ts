import { parse } from 'yaml';
import { WeirError } from '../../lib/errors.ts';
import { applyDefaults } from './defaults.ts';
import type { Fault } from './fault.ts';
import { keyFaults, METADATA } from './metadata.ts';
import { compileRules } from './rules.ts';
import { compileSchema } from './schema-check.ts';
import { emptyObject, isJsonObject, type Json, type JsonObject, type StructuralSchema, toJson } from './structural.ts';
import { duplicateEntries } from './uniqueness.ts';

/** A kind of object that a manifest may hold. */
export interface KindDefinition {
  /** As in a manifest: `weir.dev/v1alpha1`, `v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** Whether an object without a namespace lies in `default`, or in none. */
  readonly namespaced: boolean;
  /** Whether `status` is written by the cluster alone: then it is left out, as the API server does. */
  readonly statusSubresource: boolean;
  /** Schema of the whole object. What it says of metadata is added to what holds for every object's. */
  readonly schema: StructuralSchema;
}

/** A kind, ready to examine objects. Make it once: the schema and its rules are compiled. */
export interface Kind extends KindDefinition {
  /** The object as the API server would store it, or what is wrong with it. */
  readonly admit: (object: JsonObject) => { readonly value: JsonObject; readonly faults: readonly Fault[] };
}

/** The kinds that a manifest may hold. */
export type KindSchemas = readonly Kind[];

/** @throws Error when the schema or one of its rules cannot be compiled. */
export function makeKind(definition: KindDefinition): Kind {
  const schema = wholeObject(definition.schema);
  const checkSchema = compileSchema(schema);
  const checkRules = compileRules(schema);
  const admit = (object: JsonObject) => {
    const input = Object.assign(emptyObject(), object);
    if (definition.statusSubresource) delete input['status'];
    const value = Object.assign(emptyObject(), applyDefaults(input, schema));
    const shape = [...checkSchema(value), ...keyFaults(value['metadata'])];
    // A rule may take for granted what the schema says, so rules wait until the schema is met.
    const faults = shape.length > 0 ? shape : [...duplicateEntries(value, schema), ...checkRules(value)];
    const metadata = value['metadata'];
    if (faults.length === 0 && definition.namespaced && isJsonObject(metadata)) metadata['namespace'] ??= 'default';
    return { value, faults };
  };
  return { ...definition, schema, admit };
}

function wholeObject(schema: StructuralSchema): StructuralSchema {
  const metadata = schema.properties?.['metadata'];
  return {
    ...schema,
    required: [...new Set([...(schema.required ?? []), 'metadata'])],
    properties: {
      ...schema.properties,
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { ...METADATA, properties: { ...METADATA.properties, ...metadata?.properties } },
    },
  };
}

/**
 * The kind that a CustomResourceDefinition (v1, YAML) defines, in the version that it stores.
 *
 * @throws WeirError Internal when the text is no such thing: Weir's own files are the only ones that are read.
 */
export function kindFromCrd(yamlText: string): Kind {
  const crd = toJson(parse(yamlText));
  const spec = field(crd, 'spec');
  const versions = field(spec, 'versions');
  const version = Array.isArray(versions) ? versions.find((entry) => field(entry, 'storage') === true) : undefined;
  const schema = field(field(version, 'schema'), 'openAPIV3Schema');
  const [group, name, kind] = [field(spec, 'group'), field(version, 'name'), field(field(spec, 'names'), 'kind')];
  if (typeof group !== 'string' || typeof name !== 'string' || typeof kind !== 'string' || !isJsonObject(schema)) {
    throw new WeirError('Internal', 'a file of crds/ holds no CustomResourceDefinition with a stored version');
  }
  return makeKind({
    apiVersion: `${group}/${name}`,
    kind,
    namespaced: field(spec, 'scope') === 'Namespaced',
    statusSubresource: field(field(version, 'subresources'), 'status') !== undefined,
    // A schema that uses what StructuralSchema lacks does not compile.
    schema,
  });
}

function field(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

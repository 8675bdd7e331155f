/**
 * Writes `src/api/types.generated.ts` and `docs/api.md` from the schemas in `crds/`. Run by `npm run generate`; a contract
 * test compares.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LIMITATIONS } from '../src/api/honoured.ts';
import { exampleOf } from '../src/api/manifest/explain.ts';
import { type Kind, kindFromCrd } from '../src/api/manifest/kinds.ts';
import type { StructuralSchema } from '../src/api/manifest/structural.ts';

// Not imported by its literal name: its declarations do not compile under exactOptionalPropertyTypes.
const GENERATOR: string = 'json-schema-to-typescript';
type Compile = (schema: object, name: string, options: object) => Promise<string>;

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const TYPES_FILE = root('src/api/types.generated.ts');
export const DOCS_FILE = root('docs/api.md');

/** The kinds of crds/, in the order of the documentation. */
export function readKinds(): Kind[] {
  return ['flowcaptures', 'flowexports', 'flowagents'].map((name) =>
    kindFromCrd(readFileSync(root(`crds/weir.dev_${name}.yaml`), 'utf8')),
  );
}

/**
 * TypeScript types of the kinds as the API server returns them: a field with a default is always there. Schemas with a
 * title become types of their own.
 */
export async function renderTypes(kinds: readonly Kind[]): Promise<string> {
  const { compile }: { compile: Compile } = await import(GENERATOR);
  const named = new Map<string, StructuralSchema>();
  for (const { kind, apiVersion, schema } of kinds) {
    const properties = {
      ...schema.properties,
      apiVersion: { type: 'string', enum: [apiVersion] },
      kind: { type: 'string', enum: [kind] },
      metadata: { ...METADATA, title: 'ObjectMeta' },
    } as const;
    collect({ ...schema, title: kind, properties, required: ['apiVersion', 'kind', 'metadata', 'spec'] }, named);
  }
  const parts = ['/** Generated from crds/ by `npm run generate`; do not edit. */'];
  for (const [title, schema] of named) {
    const jsonSchema = { ...closed(schema, named), title };
    const style = { singleQuote: true, printWidth: 120 };
    parts.push((await compile(jsonSchema, title, { bannerComment: '', style })).trim());
  }
  return `${parts.join('\n\n')}\n`;
}

const METADATA: StructuralSchema = {
  type: 'object',
  description: 'Standard metadata of a Kubernetes object.',
  required: ['name'],
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    uid: { type: 'string' },
    generation: { type: 'integer' },
    resourceVersion: { type: 'string' },
    creationTimestamp: { type: 'string' },
  },
};

function collect(schema: StructuralSchema, named: Map<string, StructuralSchema>): void {
  if (schema.title !== undefined && !named.has(schema.title)) named.set(schema.title, schema);
  for (const child of [...Object.values(schema.properties ?? {}), schema.additionalProperties, schema.items]) {
    if (child !== undefined) collect(child, named);
  }
}

/** JSON Schema for the generator: closed objects, titled children by name, required where a default fills in. */
function closed(schema: StructuralSchema, named: ReadonlyMap<string, StructuralSchema>): Record<string, unknown> {
  const reference = (child: StructuralSchema): Record<string, unknown> =>
    child.title !== undefined && named.has(child.title)
      ? { description: child.description, tsType: child.title }
      : closed(child, named);
  const result: Record<string, unknown> = { type: schema.type, description: schema.description };
  if (schema.enum !== undefined) result['enum'] = schema.enum;
  // Bounds on a list's length would become tuple types.
  if (schema.items !== undefined) result['items'] = reference(schema.items);
  if (schema.type !== 'object') return result;
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0 && schema.additionalProperties === undefined) {
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
    return { description: schema.description, tsType: open ? 'Record<string, unknown>' : 'Record<string, never>' };
  }
  const required = properties.filter(([, child]) => child.default !== undefined).map(([name]) => name);
  result['properties'] = Object.fromEntries(properties.map(([name, child]) => [name, reference(child)]));
  result['required'] = [...new Set([...(schema.required ?? []), ...required])];
  result['additionalProperties'] =
    schema.additionalProperties === undefined ? false : reference({ ...schema.additionalProperties, description: '' });
  return result;
}

/** The field reference: one table for each kind and each shared type, their rules, and what is not honoured yet. */
export function renderDocs(kinds: readonly Kind[]): string {
  const shared = sharedSchemas(kinds);
  const parts = [
    '<!-- biome-ignore-all format: generated from crds/ by `npm run generate` -->',
    '# API reference: weir.dev/v1alpha1',
    'Generated from [crds/](../crds) and [honoured.ts](../src/api/honoured.ts) by `npm run generate`; do not edit.\n' +
      'A field that is marked **required** must be given; every other may be left out, which means its default.\n' +
      'Fields of `status` are written by Weir. Durations are in seconds, sizes in bytes.',
    ...kinds.map((kind) => renderKind(kind, shared)),
    ...[...shared].map(([title, schema]) => [`## ${title}`, ...renderTable('', schema, shared, title)].join('\n\n')),
    '## Not honoured yet',
    'This version of Weir refuses these fields by name, and does not ignore them. A value that asks for what it does anyway is\naccepted.',
    ...Object.entries(LIMITATIONS).map(([kind, limitations]) =>
      [
        `| ${kind} | this version |`,
        '| --- | --- |',
        ...limitations.map(({ path, instead }) => `| ${code(path)} | ${instead} |`),
      ].join('\n'),
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** Titled schemas that stand in more than one place: they get a table of their own. */
function sharedSchemas(kinds: readonly Kind[]): Map<string, StructuralSchema> {
  const all = kinds.flatMap(({ schema }) => titled(schema));
  const repeated = all.filter(({ title }, index) => all.findIndex((other) => other.title === title) < index);
  return new Map(repeated.map((schema) => [schema.title ?? '', schema]));
}

function titled(schema: StructuralSchema): StructuralSchema[] {
  if (schema.title !== undefined) return [schema];
  const children = [...Object.values(schema.properties ?? {}), schema.additionalProperties, schema.items];
  return children.flatMap((child) => (child === undefined ? [] : titled(child)));
}

function renderKind({ kind, schema }: Kind, shared: ReadonlyMap<string, StructuralSchema>): string {
  const { spec = {}, status = {} } = schema.properties ?? {};
  const parts = [`## ${kind}`, schema.description ?? '', ...renderTable('spec', spec, shared)];
  return [...parts, ...renderTable('status', status, shared)].join('\n\n');
}

function renderTable(
  path: string,
  schema: StructuralSchema,
  shared: ReadonlyMap<string, StructuralSchema>,
  expand?: string,
): string[] {
  const fields = [...fieldsOf(path, schema, path === 'spec', shared, expand)];
  const rules = fields.flatMap((field) =>
    [...(field.schema['x-kubernetes-validations'] ?? [])].map(
      (rule) => `- ${where(`${field.path}${rule.fieldPath ?? ''}`)}${rule.message}.`,
    ),
  );
  const rows = fields
    .filter((field) => field.path !== '' && !field.path.endsWith('[]'))
    .map((field) => renderRow(field, shared));
  const table = ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return rules.length === 0 ? [table] : [table, 'Rules:', rules.join('\n')];
}

function where(path: string): string {
  return path === '' ? '' : `${code(path)}: `;
}

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

function* fieldsOf(
  path: string,
  schema: StructuralSchema,
  required: boolean,
  shared: ReadonlyMap<string, StructuralSchema>,
  expand?: string,
): Generator<Field> {
  yield { path, schema, required };
  if (schema.title !== undefined && schema.title !== expand && shared.has(schema.title)) return;
  if (schema.items !== undefined) yield* fieldsOf(`${path}[]`, schema.items, true, shared, expand);
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const childPath = path === '' ? name : `${path}.${name}`;
    yield* fieldsOf(childPath, child, schema.required?.includes(name) === true, shared, expand);
  }
}

function renderRow({ path, schema, required }: Field, shared: ReadonlyMap<string, StructuralSchema>): string {
  const cells = [code(path), typeOf(schema, shared), defaultOf(schema, required, path), meaningOf(schema)];
  return `| ${cells.join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function typeOf(schema: StructuralSchema, shared: ReadonlyMap<string, StructuralSchema>): string {
  const title = schema.title;
  if (title !== undefined && shared.has(title)) return `[${title}](#${title.toLowerCase()})`;
  const bounds = [range(schema.minimum, schema.maximum), lengthRange(schema)].filter((text) => text !== '').join(', ');
  const suffix = bounds === '' ? '' : ` (${bounds})`;
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items, shared)}${suffix}`;
  if (schema.additionalProperties !== undefined)
    return `map of ${typeOf(schema.additionalProperties, shared)}${suffix}`;
  return `${schema.format ?? schema.type ?? 'any'}${suffix}`;
}

function range(low: number | undefined, high: number | undefined): string {
  if (low === undefined) return high === undefined ? '' : `≤ ${high}`;
  return high === undefined ? `≥ ${low}` : `${low}–${high}`;
}

function lengthRange(schema: StructuralSchema): string {
  const text = range(schema.minLength, schema.maxLength);
  const entries = range(schema.minItems ?? schema.minProperties, schema.maxItems ?? schema.maxProperties);
  return [text === '' ? '' : `${text} characters`, entries === '' ? '' : `${entries} entries`]
    .filter((part) => part !== '')
    .join(', ');
}

function defaultOf(schema: StructuralSchema, required: boolean, path: string): string {
  if (required) return '**required**';
  return path.startsWith('status')
    ? ''
    : (/Default: (?<text>[^]*?)\.? Example: /.exec(schema.description ?? '')?.groups?.['text'] ?? '');
}

function meaningOf(schema: StructuralSchema): string {
  const words = (schema.description ?? '')
    .replace(/ ?Default: [^]*?(?= Example: )/, '')
    .replace(/ ?Example: [^]*$/, '');
  const example = exampleOf(schema);
  return `${words}${example === undefined ? '' : ` E.g. ${code(example)}`}`.replaceAll('|', String.raw`\|`).trim();
}

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { rulesOf } from '../../src/api/manifest/rules.ts';
import type { StructuralSchema } from '../../src/api/manifest/structural.ts';
import { readCrd } from '../support/manifests/kinds.ts';
import { PAIRS } from '../support/manifests/table.ts';

interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly priority?: number;
}

interface Version {
  readonly name: string;
  readonly subresources: unknown;
  readonly additionalPrinterColumns: readonly Column[];
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

interface Crd {
  readonly apiVersion: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: unknown;
    readonly versions: readonly [Version];
  };
}

interface Node {
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
  readonly inList: boolean;
}

function* nodes(path: string, schema: StructuralSchema, required = true, inList = false): Generator<Node> {
  yield { path, schema, required, inList };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    yield* nodes(`${path}.${name}`, child, schema.required?.includes(name) === true, inList);
  }
  if (schema.items !== undefined) yield* nodes(`${path}[]`, schema.items, true, true);
  if (schema.additionalProperties !== undefined) yield* nodes(`${path}.*`, schema.additionalProperties, true, inList);
}

function describes(node: Node, what: RegExp): boolean {
  return what.test(node.schema.description ?? '');
}

function isOptional(node: Node): boolean {
  return node.path.startsWith('spec.') && !node.required;
}

function isInteger(node: Node): boolean {
  return node.schema.type === 'integer';
}

function isUnbounded({ schema }: Node): boolean {
  return (
    (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined) ||
    (schema.type === 'array' && schema.maxItems === undefined) ||
    (schema.additionalProperties !== undefined && schema.maxProperties === undefined)
  );
}

function statedDefault(node: Node): string | undefined {
  return /Default: (\S+)\. Example:/.exec(node.schema.description ?? '')?.[1];
}

const CRDS: readonly Crd[] = (['flowcaptures', 'flowexports', 'flowagents'] as const).map((plural) =>
  parse(readCrd(plural)),
);

// Columns as `kubectl get` prints them, those of `-o wide` in brackets.
const EXPECTED = [
  {
    scope: 'Namespaced',
    names: {
      kind: 'FlowCapture',
      listKind: 'FlowCaptureList',
      plural: 'flowcaptures',
      singular: 'flowcapture',
      shortNames: ['fc'],
    },
    columns: 'READY REASON PODS NODES FLOWS/S LOST [PROTOCOLS] [EXPORTS] [LAST-FLOW] AGE',
  },
  {
    scope: 'Namespaced',
    names: {
      kind: 'FlowExport',
      listKind: 'FlowExportList',
      plural: 'flowexports',
      singular: 'flowexport',
      shortNames: ['fx'],
    },
    columns: 'TYPE READY DELIVERED/S BACKLOG DROPPED LAST-DELIVERED AGE',
  },
  {
    scope: 'Cluster',
    names: {
      kind: 'FlowAgent',
      listKind: 'FlowAgentList',
      plural: 'flowagents',
      singular: 'flowagent',
      shortNames: ['fa'],
    },
    columns: 'READY REASON VERSION KERNEL [PROGRAMS] [PLAN] [APPLIED] AGE',
  },
];

/** Kinds that people write, rather than Weir alone. */
const WRITTEN = new Set(['FlowCapture', 'FlowExport']);

describe.each(CRDS.map((crd, index) => ({ crd, name: crd.metadata.name, expected: EXPECTED[index] })))(
  '$name',
  ({ crd, expected }) => {
    const [version] = crd.spec.versions;
    const root = version.schema.openAPIV3Schema;
    const all = [
      ...nodes('spec', root.properties?.['spec'] ?? {}),
      ...nodes('status', root.properties?.['status'] ?? {}),
    ];
    const failing = (wrong: (node: Node) => boolean) => all.filter(wrong).map(({ path }) => path);

    test('is a kind of weir.dev/v1alpha1 with its scope, short name, category and status subresource', () => {
      expect(crd.apiVersion).toBe('apiextensions.k8s.io/v1');
      expect(crd.spec).toMatchObject({ group: 'weir.dev', scope: expected?.scope });
      expect(crd.spec.names).toEqual({ ...expected?.names, categories: ['weir'] });
      expect(version).toMatchObject({ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } });
    });

    test('prints the columns of the design, each from a field that exists', () => {
      const columns = version.additionalPrinterColumns;
      const shown = columns.map(({ name, priority }) =>
        priority === 1 ? `[${name.toUpperCase()}]` : name.toUpperCase(),
      );
      expect(shown.join(' ')).toBe(expected?.columns);
      const paths = new Set(all.map(({ path }) => path));
      const fields = columns.map(({ jsonPath }) => jsonPath.slice(1).replace(/\[[^\]]*\]/g, '[]'));
      expect(fields.filter((field) => !paths.has(field))).toEqual(['metadata.creationTimestamp']);
    });

    test('holds enough fields to be worth checking', () => {
      expect(all.length).toBeGreaterThan(70);
    });

    test('every field has a description with an example', () => {
      expect(failing((node) => !describes(node, /^\S[^]* ?Example: \S[^]*\.$/))).toEqual([]);
    });

    test('every optional field of spec states its default, and the schema has the same one', () => {
      expect(failing((node) => isOptional(node) && !describes(node, /Default: /))).toEqual([]);
      const scalars = all.filter(({ schema }) => schema.default !== undefined && typeof schema.default !== 'object');
      expect(scalars.length > 4 || !WRITTEN.has(expected?.names.kind ?? '')).toBe(true);
      expect(
        scalars.filter((node) => statedDefault(node) !== String(node.schema.default)).map(({ path }) => path),
      ).toEqual([]);
      const listed = all.filter(({ schema }) => Array.isArray(schema.default));
      expect(listed.filter((node) => !describes(node, /Default: \[TCP\]/)).map(({ path }) => path)).toEqual([]);
    });

    test('every number states its unit, is an integer of known width, and has a lower bound', () => {
      expect(failing(({ schema }) => schema.type === 'number')).toEqual([]);
      expect(failing((node) => isInteger(node) && !describes(node, /Unit: \S/))).toEqual([]);
      expect(failing((node) => isInteger(node) && !/^int(32|64)$/.test(node.schema.format ?? ''))).toEqual([]);
      expect(failing((node) => isInteger(node) && node.schema.minimum === undefined)).toEqual([]);
    });

    test('every number that people write has an upper bound that a double holds exactly', () => {
      const written = all.filter(({ path, schema }) => path.startsWith('spec') && schema.type === 'integer');
      expect(written.filter(({ schema }) => !Number.isSafeInteger(schema.maximum)).map(({ path }) => path)).toEqual([]);
    });

    test('every string, list and map is bounded', () => {
      expect(failing(isUnbounded)).toEqual([]);
    });

    test('every list declares its type, and a map list keys that its entries require', () => {
      expect(
        failing(({ schema }) => schema.type === 'array' && schema['x-kubernetes-list-type'] === undefined),
      ).toEqual([]);
      const keyed = all.filter(({ schema }) => schema['x-kubernetes-list-type'] === 'map');
      expect(keyed.map(({ path }) => path)).toEqual(['status.conditions']);
      for (const { schema } of keyed) {
        const keys = schema['x-kubernetes-list-map-keys'] ?? [];
        expect(keys.length).toBeGreaterThan(0);
        expect(keys.filter((key) => schema.items?.required?.includes(key) !== true)).toEqual([]);
      }
    });

    test('every enum value is CamelCase', () => {
      const values = all.flatMap(({ schema }) => schema.enum ?? []);
      expect(values.filter((value) => !/^[A-Z][A-Za-z0-9]*$/.test(String(value)))).toEqual([]);
    });

    test('field names are camelCase, durations end in Seconds, there is no phase', () => {
      const names = all.filter(({ path }) => !/(\[\]|\*)$/.test(path)).map(({ path }) => path.split('.').at(-1) ?? '');
      expect(names.filter((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))).toEqual([]);
      expect(names).not.toContain('phase');
      const seconds = all.filter((node) => describes(node, /Unit: seconds\./));
      expect(seconds.length).toBeGreaterThan(0);
      expect(seconds.filter(({ path }) => !path.endsWith('Seconds')).map(({ path }) => path)).toEqual([]);
    });

    test('what refers to another object is called Ref, Secret or exports', () => {
      const references = all.filter(({ schema }) => /^(Secret|Export)Reference$/.test(schema.title ?? ''));
      expect(references.length > 0 || !WRITTEN.has(expected?.names.kind ?? '')).toBe(true);
      expect(references.filter(({ path }) => !/(Ref|Secret|exports\[\])$/.test(path)).map(({ path }) => path)).toEqual(
        [],
      );
    });

    test('no default stands inside a list entry', () => {
      expect(failing(({ inList, schema }) => inList && schema.default !== undefined)).toEqual([]);
    });

    test('every pattern is anchored at both ends', () => {
      const patterns = all.flatMap(({ schema }) => schema.pattern ?? []);
      expect(patterns.filter((pattern) => !/^\^[^]*\$$/.test(pattern))).toEqual([]);
    });

    test('rules use standard CEL only, and each says on one line what to write instead', () => {
      const rules = rulesOf(root);
      expect(rules.length > 3 || !WRITTEN.has(expected?.names.kind ?? '')).toBe(true);
      const foreign = rules.flatMap(({ rule }) => [...rule.matchAll(/\b(\w+)\(/g)].map((match) => match[1]));
      const standard = new Set([
        'has',
        'size',
        'all',
        'exists',
        'exists_one',
        'filter',
        'map',
        'matches',
        'startsWith',
        'endsWith',
        'contains',
      ]);
      expect(foreign.filter((name) => !standard.has(name ?? ''))).toEqual([]);
      for (const { message } of rules) expect(message).toMatch(/^[^\n]{10,2048}$/);
      expect(
        rules
          .map(({ message }) => message)
          .filter((message) => !/\b(add|remove|use|give|list|put|shorten|set)\b/.test(message)),
      ).toEqual([]);
    });

    test('every rule has a pair in the table of accepted and refused objects', () => {
      const { kind } = { kind: '', ...expected?.names };
      const carriers = all.flatMap(({ path, schema }) =>
        (schema['x-kubernetes-validations'] ?? []).map(
          ({ message, fieldPath = '' }) => `${path}${fieldPath}: ${message}`,
        ),
      );
      const pairs = PAIRS.filter((pair) => pair.kind === kind && pair.keyword === 'rule');
      const covered = new Set(pairs.map(({ path, message }) => `${path.replace(/\[\d+\]/g, '[]')}: ${message}`));
      expect(carriers.filter((carrier) => !covered.has(carrier))).toEqual([]);
    });
  },
);

test('every kind of schema rule that crds/ uses has a pair in the table', () => {
  const roots = CRDS.map((crd) => crd.spec.versions[0].schema.openAPIV3Schema.properties?.['spec'] ?? {});
  const used = new Set<string>(['unknown field']);
  for (const { schema } of roots.flatMap((root) => Array.from(nodes('spec', root)))) {
    used.add(`type: ${schema.type ?? ''}`);
    // The widths of integers never decide: every integer has narrower bounds (tested above).
    if (schema.format !== undefined && !schema.format.startsWith('int')) used.add(`format: ${schema.format}`);
    if (schema['x-kubernetes-list-type'] === 'set') used.add('list-type: set');
    const keywords = [
      'enum',
      'pattern',
      'minLength',
      'maxLength',
      'minimum',
      'maximum',
      'minItems',
      'maxItems',
      'minProperties',
      'maxProperties',
      'required',
    ];
    for (const keyword of keywords) if (keyword in schema) used.add(keyword);
  }
  const covered = new Set(PAIRS.map(({ keyword }) => keyword));
  expect([...used].filter((keyword) => !covered.has(keyword))).toEqual([]);
});

import { Environment } from '@marcbachmann/cel-js';
import type { Fault } from './fault.ts';
import type { FieldPath } from './problem.ts';
import { childSchema, isJsonObject, type Json, type StructuralSchema, type ValidationRule } from './structural.ts';
import { walk } from './walk.ts';

/** Evaluates a schema's CEL rules on a value that has passed the schema. */
export type RuleCheck = (value: Json) => Fault[];

type Evaluate = (self: unknown) => boolean;

/**
 * Compiles every x-kubernetes-validations rule of a schema. Rules that compare with the object's former self (oldSelf)
 * speak of updates, which a file knows nothing of, and are left out.
 *
 * @throws Error when a rule is not standard CEL.
 */
export function compileRules(schema: StructuralSchema): RuleCheck {
  const compiled = new Map<ValidationRule, Evaluate>();
  for (const rule of rulesOf(schema)) compiled.set(rule, compileRule(rule.rule));
  return (value) => {
    const faults: Fault[] = [];
    for (const visit of walk(value, schema)) {
      const rules = visit.schema['x-kubernetes-validations'];
      if (rules === undefined) continue;
      const self = toCel(visit.value, visit.schema);
      for (const rule of rules) {
        if (compiled.get(rule)?.(self) !== false) continue;
        const path = [...visit.path, ...parseFieldPath(rule.fieldPath)];
        faults.push({ path, at: 'value', message: rule.message, expected: rule.message });
      }
    }
    return faults;
  };
}

/** All rules of a schema, at every level. */
export function rulesOf(schema: StructuralSchema): ValidationRule[] {
  const children = [...Object.values(schema.properties ?? {}), schema.additionalProperties, schema.items];
  return [
    ...(schema['x-kubernetes-validations'] ?? []).filter(({ rule }) => !/\boldSelf\b/.test(rule)),
    ...children.flatMap((child) => (child === undefined ? [] : rulesOf(child))),
  ];
}

function compileRule(text: string): Evaluate {
  const environment = new Environment({ unlistedVariablesAreDyn: false }).registerVariable('self', 'dyn');
  const parsed = environment.parse(text);
  const checked = parsed.check();
  if (!checked.valid) throw new Error(`the rule ${text} is not standard CEL`, { cause: checked.error });
  return (self) => {
    const result: unknown = parsed({ self });
    if (typeof result !== 'boolean') throw new Error(`the rule ${text} is neither true nor false`);
    return result;
  };
}

/** CEL's view of a value: integers are 64 bits wide, objects are maps, and field names are escaped. */
function toCel(value: Json, schema: StructuralSchema): unknown {
  if (typeof value === 'number') return schema.type === 'integer' ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema.items ?? {}));
  if (!isJsonObject(value)) return value;
  const fields = new Map<string, unknown>();
  for (const [key, child] of Object.entries(value)) {
    const isField = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
    fields.set(isField ? escapeField(key) : key, toCel(child, childSchema(schema, key) ?? {}));
  }
  return fields;
}

const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** A field's name as Kubernetes wants it in a rule: `namespace` is a word of CEL's, so a rule says `__namespace__`. */
function escapeField(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

function parseFieldPath(text: string | undefined): FieldPath {
  return text === undefined ? [] : text.split('.').slice(1);
}

import { WeirError } from '../lib/errors.ts';
import type { Field } from './field.ts';
import { attributionFields } from './fields/attribution.ts';
import { captureFields } from './fields/capture.ts';
import { identityFields } from './fields/identity.ts';
import { processFields } from './fields/process.ts';
import { sideFields } from './fields/side.ts';
import { tcpFields } from './fields/tcp.ts';
import { timeFields } from './fields/time.ts';
import { transportFields } from './fields/transport.ts';
import { volumeFields } from './fields/volume.ts';

/** The record's fields by group, groups and fields in the record's order. */
export const GROUPS = [
  { title: 'Time', fields: timeFields },
  { title: 'Identity of the flow', fields: identityFields },
  { title: 'Transport', fields: transportFields },
  { title: 'Volume', fields: volumeFields },
  { title: 'TCP', fields: tcpFields },
  { title: 'Local process', fields: processFields },
  { title: 'Sides', fields: sideFields },
  { title: 'Attribution', fields: attributionFields },
  { title: 'Capture', fields: captureFields },
] as const;

/** Name of a field of the record. */
export type FieldName = (typeof GROUPS)[number]['fields'][number]['name'];

/** Every field of the record, in the record's order: the one place that every encoder is driven by. */
export const CATALOGUE: readonly Field<FieldName>[] = GROUPS.flatMap(
  (group): readonly Field<FieldName>[] => group.fields,
);

const BY_NAME = new Map<string, Field<FieldName>>(CATALOGUE.map((field) => [field.name, field]));

/** The field of that name. */
export function fieldOf(name: FieldName): Field<FieldName> {
  return required(name);
}

/**
 * The fields of those names, in the record's order whatever the order of `names`, each once.
 * @throws WeirError InvalidInput when the catalogue has no such field.
 */
export function selectFields(names: readonly string[]): readonly Field<FieldName>[] {
  const wanted = new Set(names.map(required));
  return CATALOGUE.filter((field) => wanted.has(field));
}

function required(name: string): Field<FieldName> {
  const field = BY_NAME.get(name);
  if (field !== undefined) return field;
  throw new WeirError(
    'InvalidInput',
    `a flow record has no field ${JSON.stringify(name.slice(0, 100))}: use a name from docs/record.md, such as source.address or destination.k8s.owner.name`,
  );
}

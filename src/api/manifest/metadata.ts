import type { Fault } from './fault.ts';
import { isJsonObject, type Json, type StructuralSchema } from './structural.ts';

const LABEL_VALUE = '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$';
const QUALIFIED_NAME =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

// What a cluster adds to an object: legal in a file that `kubectl get -o yaml` wrote, and without meaning here.
const WRITTEN_BY_THE_CLUSTER = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'managedFields',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
  'uid',
];

/** What the API server asks of every object's metadata; a CRD cannot say it. */
export const METADATA: StructuralSchema = {
  type: 'object',
  description: 'Name, namespace, labels and annotations. Example: {name: checkout, namespace: shop}.',
  required: ['name'],
  properties: {
    ...Object.fromEntries(
      WRITTEN_BY_THE_CLUSTER.map((name) => [name, { 'x-kubernetes-preserve-unknown-fields': true }]),
    ),
    name: {
      type: 'string',
      description: 'Lower-case letters, digits, - and . (a DNS subdomain). Example: checkout.',
      minLength: 1,
      maxLength: 253,
      pattern: String.raw`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`,
    },
    namespace: {
      type: 'string',
      description: 'Lower-case letters, digits and - (a DNS label). Example: shop.',
      maxLength: 63,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
    },
    labels: {
      type: 'object',
      description: 'Labels of the object. Example: {team: shop}.',
      additionalProperties: {
        type: 'string',
        description: 'At most 63 letters, digits, -, _ and . Example: shop.',
        maxLength: 63,
        pattern: LABEL_VALUE,
      },
    },
    annotations: {
      type: 'object',
      description: 'Annotations of the object. Example: {owner: "shop team"}.',
      additionalProperties: { type: 'string', description: 'Any text. Example: shop team.' },
    },
  },
};

/** Names of labels and annotations that the API server refuses; a schema cannot speak of a map's keys. */
export function keyFaults(metadata: Json | undefined): Fault[] {
  if (!isJsonObject(metadata)) return [];
  return ['labels', 'annotations'].flatMap((field) => {
    const map = metadata[field];
    if (!isJsonObject(map)) return [];
    return Object.keys(map)
      .filter((key) => !isQualifiedName(field === 'annotations' ? key.toLowerCase() : key))
      .map((key): Fault => {
        const expected = 'a name such as app or app.kubernetes.io/name';
        return { path: ['metadata', field, key], at: 'key', message: `expected ${expected}`, expected };
      });
  });
}

function isQualifiedName(key: string): boolean {
  return key.lastIndexOf('/') <= 253 && QUALIFIED_NAME.test(key);
}

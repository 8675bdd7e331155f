import { type Field, MAX_LENGTH } from '../field.ts';
import type { Flow, Identity } from '../flow.ts';
import { ENDPOINT_KINDS } from '../values.ts';

const OWNER = [
  ['k8s.namespace.name', MAX_LENGTH.label, 'Namespace', (owner: Identity) => owner.namespace],
  ['k8s.pod.name', MAX_LENGTH.subdomain, 'Pod', (owner: Identity) => owner.podName],
  ['k8s.pod.uid', MAX_LENGTH.uid, 'UID of the pod', (owner: Identity) => owner.podUid],
  [
    'k8s.owner.type',
    MAX_LENGTH.kind,
    'Kind of the top owner (Deployment, StatefulSet, DaemonSet, CronJob, Job …)',
    (owner: Identity) => owner.ownerType,
  ],
  ['k8s.owner.name', MAX_LENGTH.subdomain, 'Name of the top owner', (owner: Identity) => owner.ownerName],
  ['k8s.service.name', MAX_LENGTH.label, 'Service', (owner: Identity) => owner.serviceName],
  ['k8s.node.name', MAX_LENGTH.subdomain, 'Node', (owner: Identity) => owner.nodeName],
] as const;

type OwnerName = (typeof OWNER)[number][0];

/**
 * The fields that name an owner in Kubernetes, below `prefix`.
 * @param whose completes "Namespace of …".
 */
export function ownerFields<Prefix extends string>(
  prefix: Prefix,
  whose: string,
  owner: (flow: Flow) => Identity | undefined,
): readonly Field<`${Prefix}.${OwnerName}`>[] {
  return OWNER.map(([name, maxLength, what, read]) => ({
    name: `${prefix}.${name}` as const,
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength,
    description: `${what} of ${whose}.`,
    shared: owner,
    get: (flow) => {
      const identity = owner(flow);
      return identity === undefined ? undefined : read(identity);
    },
  }));
}

/** The field that says what a side is, below `prefix`. */
export function kindField<Prefix extends string>(
  prefix: Prefix,
  whose: string,
  owner: (flow: Flow) => Identity,
): Field<`${Prefix}.kind`> {
  return {
    name: `${prefix}.kind` as const,
    type: 'enum',
    unit: null,
    ipfix: null,
    values: ENDPOINT_KINDS,
    description: `What ${whose} is.`,
    shared: owner,
    get: (flow) => owner(flow).kind,
  };
}

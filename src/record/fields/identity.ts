import { type Field, MAX_LENGTH } from '../field.ts';
import { SCOPES } from '../values.ts';

export const identityFields = [
  {
    name: 'flow.id',
    type: 'string',
    unit: null,
    ipfix: 148,
    dictionary: false,
    maxLength: MAX_LENGTH.flowId,
    description:
      'Keyed hash of the connection as 16 hex digits, the same on both ends through any NAT. Absent when the handshake never completed.',
    get: (flow) => flow.id,
  },
  {
    name: 'flow.id.key',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: 'Which key hashed `flow.id` (0 to 255); only ids of one key can be compared.',
    get: (flow) => flow.idKey,
  },
  {
    name: 'flow.scope',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: SCOPES,
    description: 'How near the two ends are. Absent when they are not known to be on one node.',
    get: (flow) => flow.scope,
  },
] as const satisfies readonly Field[];

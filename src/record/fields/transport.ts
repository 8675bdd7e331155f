import type { Field } from '../field.ts';
import { NETWORK_TYPES, TRANSPORTS } from '../values.ts';

export const transportFields = [
  {
    name: 'network.transport',
    type: 'enum',
    unit: null,
    ipfix: 4,
    values: TRANSPORTS,
    description: 'Transport protocol.',
    get: (flow) => flow.transport,
  },
  {
    name: 'network.type',
    type: 'enum',
    unit: null,
    ipfix: 60,
    values: NETWORK_TYPES,
    description: 'Version of the Internet Protocol.',
    get: (flow) => flow.type,
  },
  {
    name: 'source.address',
    type: 'address',
    unit: null,
    ipfix: { ipv4: 8, ipv6: 27 },
    description: 'Address of the side that opened the connection, as this socket saw it.',
    get: (flow) => flow.source.address,
  },
  {
    name: 'source.port',
    type: 'integer',
    unit: null,
    ipfix: 7,
    description: 'Port of the side that opened the connection.',
    get: (flow) => flow.source.port,
  },
  {
    name: 'destination.address',
    type: 'address',
    unit: null,
    ipfix: { ipv4: 12, ipv6: 28 },
    description: 'Address of the side that accepted the connection, as this socket saw it.',
    get: (flow) => flow.destination.address,
  },
  {
    name: 'destination.port',
    type: 'integer',
    unit: null,
    ipfix: 11,
    description: 'Port of the side that accepted the connection.',
    get: (flow) => flow.destination.port,
  },
] as const satisfies readonly Field[];

import type { Field } from '../field.ts';

// IANA's octetDeltaCount (1) and packetDeltaCount (2) count IP headers and segments without data; the transport
// counters (401, 402) count what Weir counts.
export const volumeFields = [
  {
    name: 'source.bytes',
    type: 'integer',
    unit: 'By',
    ipfix: 401,
    description:
      'Payload that the source sent, each byte once. Where the observer is the receiver: received in order. The two differ after loss or a reset.',
    get: (flow) => flow.source.bytes,
  },
  {
    name: 'destination.bytes',
    type: 'integer',
    unit: 'By',
    ipfix: { reverse: 401 },
    description: 'Payload that the destination sent, counted as `source.bytes` is.',
    get: (flow) => flow.destination.bytes,
  },
  {
    name: 'source.packets',
    type: 'integer',
    unit: '{packet}',
    ipfix: 402,
    description: 'Segments with data that the source sent (TCP), or its packets (UDP).',
    get: (flow) => flow.source.packets,
  },
  {
    name: 'destination.packets',
    type: 'integer',
    unit: '{packet}',
    ipfix: { reverse: 402 },
    description: 'Segments with data that the destination sent (TCP), or its packets (UDP).',
    get: (flow) => flow.destination.packets,
  },
] as const satisfies readonly Field[];

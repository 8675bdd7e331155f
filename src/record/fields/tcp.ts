import type { Field } from '../field.ts';
import { CLOSE_REASONS } from '../values.ts';

export const tcpFields = [
  {
    name: 'tcp.rtt',
    type: 'integer',
    unit: 'us',
    ipfix: null,
    description: "Round-trip time, smoothed by the observer's kernel.",
    get: (flow) => flow.tcp?.rtt,
  },
  {
    name: 'tcp.rtt.variance',
    type: 'integer',
    unit: 'us',
    ipfix: null,
    description: 'Mean deviation of the round-trip time, smoothed.',
    get: (flow) => flow.tcp?.rttVariance,
  },
  {
    name: 'tcp.rtt.min',
    type: 'integer',
    unit: 'us',
    ipfix: null,
    description: "Least round-trip time in the kernel's window.",
    get: (flow) => flow.tcp?.rttMin,
  },
  {
    name: 'tcp.retransmits',
    type: 'integer',
    unit: '{packet}',
    ipfix: null,
    description: 'Segments that the observer sent again.',
    get: (flow) => flow.tcp?.retransmits,
  },
  {
    name: 'tcp.handshake.duration',
    type: 'integer',
    unit: 'us',
    ipfix: null,
    description:
      'On the source: from the SYN to the established connection; on the destination: from the SYN-ACK to its acknowledgement. On the destination absent where the kernel has not measured it: after a retransmission or a SYN cookie, and for whole milliseconds, which it also takes from timestamps.',
    get: (flow) => flow.tcp?.handshakeDuration,
  },
  {
    name: 'tcp.established',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: '1 in the record in whose interval the handshake completed, else 0; a count when aggregated.',
    get: (flow) => flow.tcp?.established,
  },
  {
    name: 'tcp.closed',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: '1 in the record in whose interval the connection ended, else 0; a count when aggregated.',
    get: (flow) => flow.tcp?.closed,
  },
  {
    name: 'tcp.close.reason',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: CLOSE_REASONS,
    description: 'Why the connection ended, as far as this socket can know.',
    get: (flow) => flow.tcp?.closeReason,
  },
  {
    name: 'tcp.taken_over',
    type: 'boolean',
    unit: null,
    ipfix: null,
    description:
      'True where the connection is older than the capture, or than the selection of its pod: `start` of its first record is when it was taken over, and its counters begin there. Else absent.',
    get: (flow) => flow.tcp?.takenOver,
  },
] as const satisfies readonly Field[];

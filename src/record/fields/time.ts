import type { Field } from '../field.ts';
import { FLOW_STATES } from '../values.ts';

export const timeFields = [
  {
    name: 'start',
    type: 'timestamp',
    unit: 'us',
    ipfix: 154,
    description: 'When the connection, or the interval that this record covers, began.',
    get: (flow) => flow.start,
  },
  {
    name: 'end',
    type: 'timestamp',
    unit: 'us',
    ipfix: 155,
    description: 'When the connection, or the interval that this record covers, ended; never before `start`.',
    get: (flow) => flow.end,
  },
  {
    name: 'flow.state',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: FLOW_STATES,
    description: 'How the connection stood when the record was written.',
    get: (flow) => flow.state,
  },
  {
    name: 'flow.sequence',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: 'Number of this report of the connection, from 0. Counters are deltas since the report before.',
    get: (flow) => flow.sequence,
  },
] as const satisfies readonly Field[];

import { type Field, MAX_LENGTH } from '../field.ts';
import { OBSERVERS } from '../values.ts';

export const captureFields = [
  {
    name: 'capture',
    type: 'stringList',
    unit: null,
    ipfix: null,
    maxLength: MAX_LENGTH.objectName,
    description:
      'Every FlowCapture that the flow matched and that feeds this export, as `namespace/name`; at least one.',
    shared: (flow) => flow.capture,
    get: (flow) => flow.capture,
  },
  {
    name: 'sampling.one_in',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: 'One connection in so many was kept. Counters are not scaled by it.',
    get: (flow) => flow.samplingOneIn,
  },
  {
    name: 'k8s.cluster.name',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.subdomain,
    description: 'Cluster of the observer.',
    get: (flow) => flow.cluster,
  },
  {
    name: 'observer',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: OBSERVERS,
    description: 'Which side this node saw. Both ends of a connection give a record each, with one `flow.id`.',
    get: (flow) => flow.observer,
  },
  {
    name: 'node',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.subdomain,
    description: 'Node that saw the flow.',
    get: (flow) => flow.node,
  },
] as const satisfies readonly Field[];

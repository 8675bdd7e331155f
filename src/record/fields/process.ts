import { type Field, MAX_LENGTH } from '../field.ts';

export const processFields = [
  {
    name: 'process.pid',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: "Process of the observer's side, in the PID namespace of the agent.",
    get: (flow) => flow.process?.pid,
  },
  {
    name: 'process.executable.name',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.fileName,
    description: 'File name of its executable, as the kernel had it. Text that the workload chooses.',
    get: (flow) => flow.process?.executableName,
  },
  {
    name: 'container.id',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.containerId,
    description: "Container of the observer's side.",
    get: (flow) => flow.containerId,
  },
] as const satisfies readonly Field[];

import { type Field, MAX_LENGTH } from '../field.ts';

export const processFields = [
  {
    name: 'process.pid',
    type: 'integer',
    unit: null,
    ipfix: null,
    description: "Process of the observer's side, where it can be known, by its number outside of any PID namespace.",
    get: (flow) => flow.process?.pid,
  },
  {
    name: 'process.executable.name',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.fileName,
    description:
      "File name of its executable, as the kernel had it: the workload's own choice. Cut at 31 bytes, then ending in `…`. Absent when the process was exiting already.",
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

import { type Field, MAX_LENGTH } from '../field.ts';
import { ATTRIBUTIONS } from '../values.ts';
import { ownerFields } from './owner.ts';

const PROXY = "the process that used this side's address and is not the address' own pod";

export const attributionFields = [
  {
    name: 'source.attribution',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: ATTRIBUTIONS,
    description: 'How the owner of the source is known.',
    get: (flow) => flow.source.attribution,
  },
  {
    name: 'source.attribution.reason',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.reason,
    description: 'What else there is to know about it: why nobody is named, who the candidates are.',
    get: (flow) => flow.source.attributionReason,
  },
  ...ownerFields('source.proxy', PROXY, (flow) => flow.source.proxy),
  {
    name: 'destination.attribution',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: ATTRIBUTIONS,
    description: 'How the owner of the destination is known.',
    get: (flow) => flow.destination.attribution,
  },
  {
    name: 'destination.attribution.reason',
    type: 'string',
    unit: null,
    ipfix: null,
    dictionary: true,
    maxLength: MAX_LENGTH.reason,
    description: 'What else there is to know about it: why nobody is named, who the candidates are.',
    get: (flow) => flow.destination.attributionReason,
  },
  ...ownerFields('destination.proxy', PROXY, (flow) => flow.destination.proxy),
] as const satisfies readonly Field[];

import type { Field } from '../field.ts';
import type { Flow, Identity } from '../flow.ts';
import { ADDRESS_TYPES } from '../values.ts';
import { kindField, ownerFields } from './owner.ts';

const sourceOwner = (flow: Flow): Identity => flow.source.identity;
const destinationOwner = (flow: Flow): Identity => flow.destination.identity;

export const sideFields = [
  ...ownerFields('source', 'the source', sourceOwner),
  kindField('source', 'the source', sourceOwner),
  {
    name: 'source.address.type',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: ADDRESS_TYPES,
    description: 'Kind of the address of the source.',
    get: (flow) => flow.source.addressType,
  },
  ...ownerFields('destination', 'the destination', destinationOwner),
  kindField('destination', 'the destination', destinationOwner),
  {
    name: 'destination.address.type',
    type: 'enum',
    unit: null,
    ipfix: null,
    values: ADDRESS_TYPES,
    description: 'Kind of the address of the destination.',
    get: (flow) => flow.destination.addressType,
  },
] as const satisfies readonly Field[];

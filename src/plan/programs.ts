import type { Feature, ProgramName, Protocol } from './plan.ts';
import { WISHES } from './wishes.ts';

/** The programs behind a protocol; one that is not listed has none in this version. */
export const PROGRAMS_OF: ReadonlyMap<Protocol, readonly ProgramName[]> = new Map([['TCP', ['tcp']]]);

/** Every program that this version has. Whether a node's kernel can run one, that node's agent says. */
export const PROGRAMS: readonly ProgramName[] = [...new Set([...PROGRAMS_OF.values()].flat())];

/** Everything that a capture can ask of this version. */
export const FEATURES: readonly Feature[] = [
  ...Array.from(PROGRAMS_OF.keys(), (protocol): Feature => `protocol.${protocol}`),
  ...WISHES,
];

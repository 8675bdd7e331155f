import { readFileSync } from 'node:fs';
import { kindFromCrd } from '../../../src/api/manifest/kinds.ts';

/** The text of a file in crds/, by the plural of its kind. */
export function readCrd(plural: 'flowcaptures' | 'flowexports' | 'flowagents'): string {
  return readFileSync(new URL(`../../../crds/weir.dev_${plural}.yaml`, import.meta.url), 'utf8');
}

/** The kinds that people write. */
export const KINDS = [kindFromCrd(readCrd('flowcaptures')), kindFromCrd(readCrd('flowexports'))];

import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { AuditEvent } from '../cluster/audit.ts';

/** Rights that are granted and rights that were used, in the same words: `verb [group/]resource[/subresource]`. */

const CREATED = 201;

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

/** The objects of a file, whatever they are. */
export function rolesIn(file: string): Role[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document): Role => document.toJS());
}

/** Every right that a file's roles grant, sorted. */
export function granted(file: string): string[] {
  const roles = rolesIn(file);
  const rules = roles.filter(({ kind }) => kind.endsWith('Role')).flatMap((role) => role.rules ?? []);
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => rightText(verb, group, resource))),
      ),
    )
    .toSorted();
}

/** As the audit log tells, sorted: an apply that makes an object needs the right to create it as well. */
export function used(events: readonly AuditEvent[], who: string | undefined): string[] {
  const rights = new Set<string>();
  for (const { user, verb, group, resource, subresource, code } of events) {
    if (user !== who || resource === undefined) continue;
    rights.add(rightText(verb, group, subresource === undefined ? resource : `${resource}/${subresource}`));
    if (verb === 'patch' && code === CREATED) rights.add(rightText('create', group, resource));
  }
  return [...rights].toSorted();
}

function rightText(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource}`;
}

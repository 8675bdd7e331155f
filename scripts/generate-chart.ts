/**
 * Writes what the chart shares with the rest of the repository: the kinds of `crds/` and the rules of `config/`. Files that
 * Helm takes as they are, so that no brace of a CEL rule can be taken for one of a template's. Run by `npm run generate`; a
 * contract test compares.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where `helm` finds what is generated here. */
export const CHART_FILES = fileURLToPath(new URL('../charts/weir/files/', import.meta.url));

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly object[];
}

/** Helm leaves an object with this annotation alone when it leaves the chart, or the release goes. */
const KEEP = '  annotations:\n    helm.sh/resource-policy: keep\n';

/** Text by path below {@link CHART_FILES}. */
export function renderChartFiles(): ReadonlyMap<string, string> {
  const crds = globSync('crds/*.yaml', { cwd: ROOT }).map((file): [string, string] => [
    `crds/${basename(file)}`,
    keptCrd(file, readFileSync(`${ROOT}${file}`, 'utf8')),
  ]);
  const roles = globSync('config/{rbac,uninstall}/*.yaml', { cwd: ROOT }).flatMap((file) =>
    rolesOf(readFileSync(`${ROOT}${file}`, 'utf8')).map((role): [string, string] => [
      `rules/${role.kind}.${role.metadata.name}.yaml`,
      `# Generated from ${file} by \`npm run generate\`; do not edit.\n${stringify(role.rules)}`,
    ]),
  );
  return new Map([...crds, ...roles].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The kind as it is, but for its head, and an uninstall leaves it. @throws Error where that would not be so. */
function keptCrd(file: string, text: string): string {
  const head = /^(?:#.*\n)*(?=apiVersion: .*\nkind: .*\nmetadata:\n {2}name: .*\n)/;
  const kept = text.replace(head, '').replace(/^metadata:\n {2}name: .*\n/m, (metadata) => metadata + KEEP);
  if (!head.test(text)) throw new Error(`${file} does not begin as a CRD does`);
  return `# Generated from ${file} by \`npm run generate\`; do not edit.\n${kept}`;
}

function rolesOf(text: string): Role[] {
  const objects = parseAllDocuments(text).map((document): Role => document.toJS());
  return objects.filter(({ rules }) => rules !== undefined);
}

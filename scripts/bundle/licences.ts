import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

/** Folders of the packages, such as `node_modules/yaml`, that something of went into a bundle; sorted. */
export function bundledPackages(outputs: Metafile['outputs']): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return [...new Set(files.flatMap((file) => PACKAGE.exec(file)?.[0] ?? []))].toSorted();
}

/**
 * Name, version, licence and the licence's text of each package, as their licences ask for where they are passed on. A package
 * without such a file is told by the licence that its package.json names.
 */
export function licenceTexts(root: string, packages: readonly string[]): string {
  return packages.map((folder) => licenceText(join(root, folder))).join('\n');
}

function licenceText(folder: string): string {
  const { name, version, license }: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const files = readdirSync(folder).filter((file) => LICENCE_FILE.test(file));
  const texts = files.toSorted().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const title = `${String(name)} ${String(version)} (${String(license)})`;
  return [`${title}\n${'='.repeat(title.length)}`, ...texts, ''].join('\n\n');
}

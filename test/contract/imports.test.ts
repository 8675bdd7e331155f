import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rooms of src/, leftmost first; a room may import only itself and rooms of a lower level. */
const LEVELS: Readonly<Record<string, number>> = {
  lib: 0,
  api: 1,
  record: 1,
  plan: 2,
  kube: 2,
  attribution: 2,
  export: 2,
  telemetry: 2,
  operator: 3,
  agent: 3,
  cli: 4,
  'main.ts': 5,
};

/** Rooms that do no I/O: no module of Node but these pure ones, and no global that touches the world. */
const PURE_ROOMS = new Set(['attribution', 'record', 'api', 'plan']);
const PURE_MODULES = new Set(['node:crypto', 'node:util', 'node:os']);

/** Packages that only one place may know. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  koffi: ['agent/load/'],
  '@dot-i/k8s-operator': ['operator/dot-i.ts'],
  '@kubernetes/client-node': ['kube/', 'operator/dot-i.ts'],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path below src/ for a relative import. */
  readonly target: string | undefined;
}

const FILES = globSync('src/**/*.ts').toSorted();
const IMPORTS: readonly Import[] = FILES.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const from = file.slice('src/'.length);
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) => ({
    from,
    specifier,
    target: specifier.startsWith('.') ? normalize(join(dirname(from), specifier)) : undefined,
  }));
}

function room(path: string): string {
  return path.split('/')[0] ?? path;
}

describe('the import rule', () => {
  test('every file stands in a room that has a level', () => {
    expect(FILES.map((file) => room(file.slice('src/'.length))).filter((name) => LEVELS[name] === undefined)).toEqual(
      [],
    );
    expect(IMPORTS.length).toBeGreaterThan(100);
  });

  test('imports point leftwards only', () => {
    const wrong = IMPORTS.filter(({ from, target }) => {
      if (target === undefined || room(from) === room(target)) return false;
      return (LEVELS[room(target)] ?? 99) >= (LEVELS[room(from)] ?? -1);
    });
    expect(wrong).toEqual([]);
  });

  test('rooms without I/O import no module that does any', () => {
    const wrong = IMPORTS.filter(
      ({ from, specifier }) =>
        PURE_ROOMS.has(room(from)) && specifier.startsWith('node:') && !PURE_MODULES.has(specifier),
    );
    expect(wrong).toEqual([]);
  });

  test('rooms without I/O touch no timer, clock or environment', () => {
    const impure = /\b(?:setTimeout|setInterval|setImmediate|fetch)\(|Date\.now\(|new Date\(\)|process\.(?:env|hrtime)/;
    const wrong = FILES.filter(
      (file) => PURE_ROOMS.has(room(file.slice(4))) && impure.test(readFileSync(file, 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  test('a package with an owner is imported by its owner only', () => {
    const wrong = IMPORTS.filter(({ from, specifier }) => {
      const owners = OWNERS[specifier];
      return owners !== undefined && !owners.some((owner) => from.startsWith(owner));
    });
    expect(wrong).toEqual([]);
  });

  test('only main.ts reads the environment', () => {
    const readers = FILES.filter((file) => /process\.env/.test(readFileSync(file, 'utf8')));
    expect(readers.filter((file) => file !== 'src/main.ts')).toEqual([]);
  });

  test('files that are read at run time are found by package.json, since a bundle lies elsewhere', () => {
    const byPlace = /new URL\([^)]*import\.meta\.url|import\.meta\.(?:dirname|filename)|__dirname/;
    expect(FILES.filter((file) => byPlace.test(readFileSync(file, 'utf8')))).toEqual([]);
  });

  test('no two files import each other in a circle', () => {
    expect(circles()).toEqual([]);
  });
});

/** Every circle of value and type imports, as the files on it. */
function circles(): string[][] {
  const edges = new Map<string, string[]>();
  for (const { from, target } of IMPORTS)
    if (target !== undefined) edges.set(from, [...(edges.get(from) ?? []), target]);
  const found: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of edges.keys()) visit(file, []);
  return found;
}

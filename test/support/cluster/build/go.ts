import { spawnSync } from 'node:child_process';

/** From 1.21 on, a Go that is older than the one that a go.mod asks for fetches that one by itself. */
const LEAST_MINOR = 21;
/** Where Go's own archive is unpacked to; not every shell has it on its PATH. */
const USUAL_PLACE = '/usr/local/go/bin/go';
const REMEDY = `install the latest from go.dev (at least 1.${LEAST_MINOR}: a distribution's own is often too old)`;

export interface Go {
  readonly command: string;
  /** Environment for every run: only what the go.mod says counts. */
  readonly env: NodeJS.ProcessEnv;
}

/** The Go toolchain of this machine, or in words why there is none that can build the tools. */
export function findGo(): Go | string {
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' };
  const found = ['go', USUAL_PLACE].map((command) => ({ command, env, version: versionOf(command) }));
  const fit = found.find(({ version }) => version !== undefined && minorOf(version) >= LEAST_MINOR);
  if (fit !== undefined) return fit;
  const old = found.find(({ version }) => version !== undefined)?.version;
  return old === undefined ? `Go is missing: ${REMEDY}` : `Go is too old (${old}): ${REMEDY}`;
}

function versionOf(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['env', 'GOVERSION'], { encoding: 'utf8', cwd: '/' });
  return status === 0 ? stdout.trim() : undefined;
}

/** A version that is not numbered is built from Go's own repository, hence new. */
function minorOf(version: string): number {
  return Number(/^go1\.(\d+)/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** By module folder: asked for each tool, the same for all of a module. */
const platforms = new Map<string, string>();

/** What Go builds with in this module's folder: a go.mod may select another version than the machine's. */
export function buildPlatform(go: Go, moduleFolder: string): string {
  const known = platforms.get(moduleFolder);
  if (known !== undefined) return known;
  const options = { cwd: moduleFolder, env: go.env, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(go.command, ['env', 'GOVERSION', 'GOOS', 'GOARCH'], options);
  if (status !== 0) throw new Error(`Go cannot be used in ${moduleFolder}: ${stderr.trim()}`);
  const platform = stdout.trim().split('\n').join(' ');
  platforms.set(moduleFolder, platform);
  return platform;
}

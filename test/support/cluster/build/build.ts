import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findGo, type Go } from './go.ts';
import { cacheFolder, type Tool, type ToolName, toolsOf } from './tools.ts';

/** `waiting`: another process builds. Told at each change of state, and every second meanwhile. */
export interface BuildStep {
  readonly tool: Tool;
  readonly state: 'waiting' | 'building' | 'built';
  readonly seconds: number;
}

export interface BuildWatcher {
  /** Called once, when something has to be built. */
  begin(missing: readonly Tool[]): void;
  step(step: BuildStep): void;
}

/** A build that takes longer than this hangs; the slowest took 5 minutes on two cores. */
const LIMIT_SECONDS = 1_800;
const STDERR_CHARACTERS = 4_000;

/**
 * Under the lock, which the kernel gives back however its holder ends; whoever waited finds the tool built. The program
 * appears under its name only when it is whole. Go leaves the files that it works with when it is interrupted.
 */
const BUILD = `
target=$1; shift
echo locked
[ -x "$target" ] && exit
trap 'rm -rf "$target.new" "$target.work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$target.work"
GOTMPDIR="$target.work" "$@" && mv "$target.new" "$target"
`;

/**
 * Builds those of the tools that are not in the cache, one after the other; rejects with what Go said. The function that it
 * resolves with tells each one's path.
 */
export async function ensureTools(
  names: readonly ToolName[],
  watcher?: BuildWatcher,
): Promise<(name: ToolName) => string> {
  const go = findGo();
  if (typeof go === 'string') throw new Error(go);
  const tools = toolsOf(go, names);
  const missing = tools.filter(({ path }) => !isExecutable(path));
  if (missing.length > 0) watcher?.begin(missing);
  for (const tool of missing) await build(go, tool, watcher);

  const paths = new Map(tools.map(({ name, path }) => [name, path]));
  return (name) => {
    const path = paths.get(name);
    if (path === undefined) throw new Error(`${name} was not asked for`);
    return path;
  };
}

async function build(go: Go, tool: Tool, watcher: BuildWatcher | undefined): Promise<void> {
  mkdirSync(dirname(tool.path), { recursive: true });
  const compile = [go.command, 'build', '-o', `${tool.path}.new`, ...tool.buildArguments];
  // In the foreground, else Ctrl-C would not reach the compiler.
  const bounded = ['timeout', '--foreground', `${LIMIT_SECONDS}`, ...compile];
  const lock = join(cacheFolder(), 'tools', 'lock');
  const child = spawn('flock', [lock, 'sh', '-c', BUILD, 'sh', tool.path, ...bounded], {
    cwd: tool.moduleFolder,
    env: go.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

  const begin = Date.now();
  let state: BuildStep['state'] = 'waiting';
  const tell = () => watcher?.step({ tool, state, seconds: Math.round((Date.now() - begin) / 1_000) });
  const clock = setInterval(tell, 1_000);
  child.stdout.once('data', () => {
    state = 'building';
    tell();
  });
  const stderr = lastWords(child.stderr);
  try {
    const [status]: unknown[] = await once(child, 'close');
    if (status !== 0) throw new Error(`${tool.name} could not be built (status ${String(status)}):\n${stderr()}`);
  } finally {
    clearInterval(clock);
  }
  state = 'built';
  tell();
}

function lastWords(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-STDERR_CHARACTERS);
  });
  return () => text.trim();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

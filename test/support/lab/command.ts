import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Where a process of a lab runs: in which cgroup, and in whose network namespace. */
export interface Place {
  /** Absolute path of the cgroup's directory. */
  readonly cgroup: string;
  /** Process whose network namespace is entered; undefined: the machine's own. */
  readonly netnsPid: number | undefined;
}

export interface RunOptions {
  /** Text for the command's standard input. */
  readonly input?: string;
  /** The command is killed after this time; default 10,000 ms. */
  readonly timeoutMs?: number;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Starts a command that is in its cgroup and namespace before its first instruction: the shell joins the cgroup (0 stands
 * for the writer itself, in any PID namespace) and is then replaced, so the child's pid is the command's pid.
 */
export function start(place: Place, argv: readonly string[]): ChildProcessWithoutNullStreams {
  const enter = place.netnsPid === undefined ? [] : ['nsenter', `--net=/proc/${place.netnsPid}/ns/net`, '--'];
  const script = 'echo 0 >"$0/cgroup.procs" && exec "$@"';
  return spawn('sh', ['-c', script, place.cgroup, ...enter, ...argv], { stdio: 'pipe' });
}

/**
 * Waits until a process has written its first words, and then lets go of it: it runs until the lab ends, and keeps neither
 * a pipe nor this process alive. Resolves with its pid; rejects with its standard error when it ends before.
 */
export async function untilReady(child: ChildProcessWithoutNullStreams, what: string): Promise<number> {
  const [first]: unknown[] = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  if (child.pid === undefined || !Buffer.isBuffer(first)) {
    throw new Error(`${what} did not start: ${String(child.stderr.read() ?? 'no reason given')}`);
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  child.unref();
  return child.pid;
}

/** Runs a command to its end; rejects with its standard error when it fails or takes too long. */
export async function run(place: Place, argv: readonly string[], options: RunOptions = {}): Promise<Output> {
  const child = start(place, argv);
  const timeoutMs = options.timeoutMs ?? 30_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  // A command that ends without reading its input breaks the pipe; its exit status tells what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  try {
    const { code, signal } = await closed(child);
    const output = { stdout: stdout(), stderr: stderr() };
    if (code === 0) return output;
    const how = late ? `took longer than ${timeoutMs} ms` : `ended with ${signal ?? `status ${code}`}`;
    throw new Error(`${argv.join(' ')} ${how}: ${output.stderr.trim()}`);
  } finally {
    clearTimeout(timer);
  }
}

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

function closed(child: ChildProcessWithoutNullStreams): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** Enough for any test, and a bound for a command that never stops talking. */
const OUTPUT_LIMIT = 8 << 20;

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < OUTPUT_LIMIT) text += chunk;
  });
  return () => text;
}

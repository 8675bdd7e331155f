import { spawn } from 'node:child_process';

export interface RunOptions {
  /** Text for the command's standard input; default: none. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The command is killed after this time, and the promise rejects; default 30,000 ms. */
  readonly timeoutMillis?: number;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit status; rejects when it cannot start, is killed, or takes too long. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const timeout = options.timeoutMillis ?? 30_000;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const child = spawn(command, args, {
    stdio: 'pipe',
    env: options.env ?? process.env,
    timeout,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  // A command that ends without reading its input breaks the pipe; its exit status tells what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  child.once('error', reject);
  child.once('close', (status, signal) => {
    if (status !== null) resolve({ status, stdout: stdout(), stderr: stderr() });
    else reject(new Error(`${command} ${args.join(' ')} was ended by ${signal} (limit ${timeout} ms): ${stderr()}`));
  });
  return promise;
}

/** As {@link run}; any status but 0 rejects too. Resolves with what the command wrote to standard output. */
export async function runOrThrow(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}: ${stderr.trim()}`);
  return stdout;
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => chunks.push(chunk));
  return () => chunks.join('');
}

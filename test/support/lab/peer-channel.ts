import { type ChildProcessWithoutNullStreams, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('peer.py', import.meta.url));

/** Time limit of an operation that is not given one. */
const TIMEOUT_MS = 20_000;

/** What the peer gets on top, to report its own time-out, before it counts as hanging. */
const GRACE_MS = 2000;

/** An operation failed; `code` is the kernel's errno name, or LAB_TIMEOUT, EOF, NO_ERROR, EXITED. */
export class PeerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = 'PeerError';
    this.code = code;
  }
}

interface Response<T> {
  readonly value: T;
  readonly error?: string;
  readonly message?: string;
}

interface Waiting {
  answer(line: string): void;
  fail(error: PeerError): void;
}

/** A running peer.py and the lines that go to and fro; answers come in the order of the requests. */
export class PeerChannel {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  /** The end of what the process wrote to its standard error. */
  #complaint = '';

  /** @param spawn starts a command where the peer is to live */
  constructor(spawn: (argv: readonly string[]) => ChildProcessWithoutNullStreams) {
    const child = spawn([python(), '-IS', PROGRAM]);
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-4000);
    });
    // Writing to a peer that was killed: its waiting operations fail when its output closes.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => this.#waiting.shift()?.answer(line));
    child.once('close', () => {
      for (const waiting of this.#waiting.splice(0)) waiting.fail(this.#exited());
    });
  }

  /** Waits for the next line that the peer writes: its greeting, or the answer to the request written just before. */
  async next<T>(what: string, timeoutMs: number = TIMEOUT_MS): Promise<T> {
    if (!this.#child.stdin.writable) throw this.#exited();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.push({
      answer(line) {
        const response: Response<T> = JSON.parse(line);
        if (response.error === undefined) resolve(response.value);
        else reject(new PeerError(response.error, `${what}: ${response.message ?? 'no reason given'}`));
      },
      fail: reject,
    });
    const hangs = (): void => reject(new PeerError('LAB_TIMEOUT', `${what}: the peer does not answer`));
    const timer = setTimeout(hangs, timeoutMs + GRACE_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  call<T>(op: string, args: object, timeoutMs: number = TIMEOUT_MS): Promise<T> {
    const answer = this.next<T>(op, timeoutMs);
    this.#child.stdin.write(`${JSON.stringify({ op, args, timeout: timeoutMs / 1000 })}\n`);
    return answer;
  }

  /** Ends the peer's input: it finishes what it was asked to do, and exits. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended();
  }

  async #ended(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
  }

  #exited(): PeerError {
    return new PeerError('EXITED', `the peer has ended: ${this.#complaint}`);
  }
}

let interpreter: string | undefined;

/** The interpreter itself: `python3` on PATH may be a slow wrapper script. */
function python(): string {
  interpreter ??= spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim();
  return interpreter;
}

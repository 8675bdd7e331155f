/** Open files that are no sockets: what a walk over all of a machine meets besides. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Descriptors of a process are limited, often to 20,000. */
const MOST_OF_A_PROCESS = 10_000;
/** Says a word when it has them, and ends with its input. */
const HOLD =
  'import os, sys\nheld = [os.dup(2) for _ in range(int(sys.argv[1]))]\nprint(len(held), flush=True)\nsys.stdin.read()';

/** Processes hold so many of them until this is disposed of. */
export async function otherFiles(count: number): Promise<Disposable> {
  using opened = new DisposableStack();
  for (let left = count; left > 0; left -= MOST_OF_A_PROCESS) {
    const argv = ['-c', HOLD, String(Math.min(left, MOST_OF_A_PROCESS))];
    const holder = spawn('python3', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    opened.adopt(holder, (process) => process.kill());
    await isHolding(holder);
  }
  return opened.move();
}

async function isHolding(holder: ChildProcess): Promise<void> {
  const [word]: unknown[] = await Promise.race([once(holder.stdout ?? holder, 'data'), once(holder, 'exit')]);
  if (!/^\d+\n$/.test(String(word))) throw new Error(`the files cannot be held open: ${String(word)}`);
}

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTime } from './start-time.ts';

const NAME = /^weir-cluster-(\d+)-(\d+)-(\d+)-/;

/**
 * A new folder for one cluster, and the end of those whose owner was killed. The name says who owns it: the PID namespace,
 * the pid, and when that process began, since pids are used again.
 */
export function createWorkFolder(): string {
  removeAbandoned();
  return mkdtempSync(join(tmpdir(), `weir-cluster-${pidNamespace()}-${process.pid}-${startTime(process.pid)}-`));
}

/** Removes the folders whose owner is gone. Owners in other PID namespaces cannot be seen from here and keep theirs. */
export function removeAbandoned(): void {
  const here = pidNamespace();
  for (const name of readdirSync(tmpdir())) {
    const [, namespace, pid, begun] = NAME.exec(name) ?? [];
    if (namespace !== here || startTime(Number(pid)) === begun) continue;
    removeFolder(join(tmpdir(), name));
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
}

/** Tries again for a second: a process that is just being killed may still have made a file. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

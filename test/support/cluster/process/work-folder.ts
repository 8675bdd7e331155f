import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroupMounts } from '../../lab/cgroup2.ts';
import { JANITOR } from '../../lab/janitor.ts';
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

/**
 * Removes the folders whose owner is gone, and the cgroups of the same name with all that is in them. Owners in other PID
 * namespaces cannot be seen from here and keep theirs.
 */
export function removeAbandoned(): void {
  const here = pidNamespace();
  for (const name of new Set([...readdirSync(tmpdir()), ...cgroupNames()])) {
    const [, namespace, pid, begun] = NAME.exec(name) ?? [];
    if (namespace !== here || startTime(Number(pid)) === begun) continue;
    endCgroups(name);
    removeFolder(join(tmpdir(), name));
  }
}

/** Of clusters with nodes, which only root can have and remove. */
function cgroupNames(): readonly string[] {
  return process.getuid?.() === 0 ? cgroupMounts().flatMap((mount) => readdirSync(mount)) : [];
}

/** As the owner's janitor would have done it, were it not gone, too. */
function endCgroups(name: string): void {
  const directories = cgroupMounts()
    .map((mount) => join(mount, name))
    .filter((directory) => existsSync(directory));
  if (directories.length === 0) return;
  const { status } = spawnSync('sh', [JANITOR, '', ...directories], { stdio: 'ignore' });
  if (status !== 0)
    throw new Error(`${directories.join(', ')}: left by a cluster whose owner is gone, and still in use`);
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
}

/** Tries again for a second: a process that is just being killed may still have made a file. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
}

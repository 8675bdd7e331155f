import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroup2 } from './cgroup2.ts';

const COMMANDS = ['sh', 'find', 'ip', 'nft', 'nsenter', 'python3', 'setpriv', 'unshare'];

/** What this machine lacks for a lab, as words for the name of a skipped test; undefined when a lab works here. */
export function whyNoLab(): string | undefined {
  return whyNoNamespaces('labs', COMMANDS);
}

/** What this machine lacks for what needs network namespaces and cgroups of its own. @param what needs them */
export function whyNoNamespaces(what: string, commands: readonly string[]): string | undefined {
  if (process.platform !== 'linux') return `${what} need Linux`;
  if (process.getuid?.() !== 0) return `${what} need root`;
  const missing = commands.filter((command) => spawnSync('sh', ['-c', 'command -v "$0"', command]).status !== 0);
  if (missing.length > 0) return `${what} need ${missing.join(', ')}`;
  if (spawnSync('unshare', ['--net', 'true']).status !== 0) return `${what} need permission to make network namespaces`;
  return whyNoCgroup(what);
}

function whyNoCgroup(what: string): string | undefined {
  const mount = findCgroup2();
  if (mount === undefined) return `${what} need cgroup v2 mounted`;
  const probe = join(mount, `weir-probe-${process.pid}`);
  try {
    mkdirSync(probe);
  } catch {
    return `${what} need to make directories in ${mount}`;
  }
  try {
    statSync(join(probe, 'cgroup.kill'));
    return undefined;
  } catch {
    return `${what} need cgroup.kill (Linux 5.14)`;
  } finally {
    rmdirSync(probe);
  }
}

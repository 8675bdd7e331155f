import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cgroupMounts } from '../lab/cgroup2.ts';
import { startTime } from './process/start-time.ts';

/** What is left on this machine of what worked in a folder: its processes, by their names, its cgroups, and the folder itself. */
export function remainsOf(folder: string): readonly string[] {
  const names = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => commandOf(pid).includes(folder) && startTime(Number(pid)) !== undefined)
    .map((pid) => commandOf(pid).split('\0')[0]?.split('/').at(-1) ?? pid);
  return [...names.toSorted(), ...cgroupsOf(folder), ...(existsSync(folder) ? ['folder'] : [])];
}

/** Paths of a cluster's cgroups, one a hierarchy; without nodes it has none. */
export function cgroupsOf(folder: string): readonly string[] {
  return cgroupMounts()
    .map((mount) => join(mount, basename(folder)))
    .filter((directory) => existsSync(directory));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { startTime } from './process/start-time.ts';

/** What is left on this machine of what worked in a folder: its processes, by their names, and the folder itself. */
export function remainsOf(folder: string): readonly string[] {
  const names = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => commandOf(pid).includes(folder) && startTime(Number(pid)) !== undefined)
    .map((pid) => commandOf(pid).split('\0')[0]?.split('/').at(-1) ?? pid);
  return [...names.toSorted(), ...(existsSync(folder) ? ['folder'] : [])];
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

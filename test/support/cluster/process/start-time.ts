import { readFileSync } from 'node:fs';

/** Of the fields of /proc/PID/stat that follow the command's name, which may hold blanks. */
const [STATE_FIELD, START_TIME_FIELD] = [0, 19];

/**
 * When a process began, in clock ticks since the machine's start: with the pid, which is used again, it names one process.
 * Undefined when there is none; a zombie is none.
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(fields[STATE_FIELD] ?? '') ? undefined : fields[START_TIME_FIELD];
  } catch {
    return undefined;
  }
}

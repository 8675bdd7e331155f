/**
 * The container of a process by /proc/PID/cgroup: where containers live on cgroup v1 only, a socket's own cgroup is the
 * root of cgroup2 and says nothing.
 */
import { readFileSync } from 'node:fs';
import { type CgroupIdentity, parseProcCgroup } from './container.ts';

/** Which process: the pid alone is reused. */
export interface ProcessKey {
  readonly pid: number;
  /** CLOCK_BOOTTIME, microseconds. */
  readonly processStartMicros: number;
}

const MAX_PROCESSES = 4096;
/** /proc/PID/stat counts in clock ticks, USER_HZ is 100 on every architecture that Weir runs on. */
const MICROS_PER_TICK = 10_000;
const START_TIME_FIELD = 22;

export class ProcessCgroups {
  readonly #known = new Map<string, CgroupIdentity | undefined>();

  /** Undefined when the process is gone, or when its pid is another's by now. */
  of(process: ProcessKey): CgroupIdentity | undefined {
    const key = `${process.pid} ${process.processStartMicros}`;
    if (this.#known.has(key)) return this.#known.get(key);
    if (this.#known.size >= MAX_PROCESSES) this.#known.clear();
    const found = read(process);
    this.#known.set(key, found);
    return found;
  }
}

function read({ pid, processStartMicros }: ProcessKey): CgroupIdentity | undefined {
  try {
    const cgroup = parseProcCgroup(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    // Checked after the read: had the pid changed hands before, its start time would tell.
    const ticks = startTicks(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return ticks === Math.floor(processStartMicros / MICROS_PER_TICK) ? cgroup : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return undefined;
    throw error;
  }
}

/** Field 22 of proc_pid_stat(5); the name in field 2 may hold blanks and parentheses. */
export function startTicks(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(afterName[START_TIME_FIELD - 3]);
}

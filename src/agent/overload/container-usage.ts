/** What this container uses of what it may: by its own cgroup, as kubelet counts it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Usage } from './pressure.ts';

/** Where a container sees its own cgroup. */
export const OWN_CGROUP = '/sys/fs/cgroup';

/** v1 writes a number as large as this where there is no limit. */
const UNLIMITED_BYTES = 2 ** 60;

interface Sample {
  readonly cpuMicros: number;
  readonly millis: number;
}

export class ContainerUsage {
  readonly #directory: string;
  readonly #cpuMicros: () => number;
  readonly #now: () => number;
  #before: Sample;

  /**
   * @param directory OWN_CGROUP. @param cpuMicros CPU time of this process so far.
   * @param now ms since some instant; never steps.
   */
  constructor(directory: string, cpuMicros: () => number, now: () => number) {
    this.#directory = directory;
    this.#cpuMicros = cpuMicros;
    this.#now = now;
    this.#before = this.#sample();
  }

  /** Since the last look; nothing of what has no limit. */
  look(): Usage[] {
    return [...this.#memory(), ...this.#cpu()];
  }

  /** What can be given back at once, pages of files, is not counted: the kernel does so before it kills. */
  #memory(): Usage[] {
    for (const { limit, usage, stat, inactive } of MEMORY_FILES) {
      const most = this.#number(limit);
      const used = this.#number(usage);
      if (most === undefined || used === undefined || most >= UNLIMITED_BYTES) continue;
      const files = Number(inactive.exec(this.#read(stat) ?? '')?.[1] ?? 0);
      return [{ of: `memory (${Math.round(most / 2 ** 20)} MiB)`, share: (used - files) / most }];
    }
    return [];
  }

  #cpu(): Usage[] {
    const before = this.#before;
    this.#before = this.#sample();
    const cores = this.#cores();
    const millis = this.#before.millis - before.millis;
    if (cores === undefined || millis <= 0) return [];
    const used = (this.#before.cpuMicros - before.cpuMicros) / 1000 / millis;
    return [{ of: `CPU (${cores} cores)`, share: used / cores }];
  }

  #cores(): number | undefined {
    const [quota, period] = this.#read('cpu.max')?.split(' ').map(Number) ?? [];
    const [quota1, period1] = [this.#number('cpu/cpu.cfs_quota_us'), this.#number('cpu/cpu.cfs_period_us')];
    const cores = quota === undefined ? (quota1 ?? -1) / (period1 ?? 1) : quota / (period ?? 1);
    return Number.isFinite(cores) && cores > 0 ? cores : undefined;
  }

  #sample(): Sample {
    return { cpuMicros: this.#cpuMicros(), millis: this.#now() };
  }

  #number(file: string): number | undefined {
    const text = this.#read(file)?.trim();
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  }

  /** A file that is not there, or not now, says nothing. */
  #read(file: string): string | undefined {
    try {
      return readFileSync(join(this.#directory, file), 'utf8');
    } catch {
      return undefined;
    }
  }
}

const MEMORY_FILES = [
  { limit: 'memory.max', usage: 'memory.current', stat: 'memory.stat', inactive: /^inactive_file (\d+)$/m },
  {
    limit: 'memory/memory.limit_in_bytes',
    usage: 'memory/memory.usage_in_bytes',
    stat: 'memory/memory.stat',
    inactive: /^total_inactive_file (\d+)$/m,
  },
] as const;

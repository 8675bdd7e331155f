import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cgroup2Mount, cgroupMounts } from '../../test/support/lab/cgroup2.ts';
import { Janitor } from '../../test/support/lab/janitor.ts';

/** Of version 1; what version 2 has instead is a line of memory.stat. */
const KERNEL_USAGE = 'memory.kmem.usage_in_bytes';

/** A memory cgroup of one's own: what its processes, and the maps that they have made, are charged. */
export class MemoryCgroup implements AsyncDisposable {
  readonly #directory: string;
  readonly #janitor: Janitor;

  private constructor(directory: string, janitor: Janitor) {
    this.#directory = directory;
    this.#janitor = janitor;
  }

  /** Throws where this machine does not account memory by cgroup. */
  static async create(): Promise<MemoryCgroup> {
    const name = `weir-bench-${process.pid}-${randomBytes(3).toString('hex')}`;
    const directory = join(parentDirectory(), name);
    const janitor = await Janitor.hire(join(tmpdir(), name), [directory]);
    try {
      mkdirSync(directory);
      const made = new MemoryCgroup(directory, janitor);
      made.kernelBytes();
      return made;
    } catch (error) {
      await janitor.finish();
      throw error;
    }
  }

  /** What the process makes from now on is charged here. */
  add(pid: number): void {
    writeFileSync(join(this.#directory, 'cgroup.procs'), `${pid}`);
  }

  /** What the kernel holds for its members, in all caches: exact but for some pages a CPU. */
  kernelBytes(): number {
    const usage = join(this.#directory, KERNEL_USAGE);
    if (existsSync(usage)) return Number(readFileSync(usage, 'utf8'));
    const [, kernel] = /^kernel (\d+)$/m.exec(readFileSync(join(this.#directory, 'memory.stat'), 'utf8')) ?? [];
    if (kernel === undefined) throw new Error('this bench needs a memory controller that tells of kernel memory');
    return Number(kernel);
  }

  /** Resolves when it is gone: its processes must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#janitor.finish();
  }
}

/** With version 1 below this process' own, so that it stays within those limits; version 2 allows that only at the top. */
function parentDirectory(): string {
  const [, own = '/'] =
    /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  const candidates = cgroupMounts().map((mount) => join(mount, own));
  return candidates.find((directory) => existsSync(join(directory, KERNEL_USAGE))) ?? cgroup2Mount();
}

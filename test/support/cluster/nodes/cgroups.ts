import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup2Mount, cgroupMounts } from '../../lab/cgroup2.ts';
import { JANITOR } from '../../lab/janitor.ts';
import { run } from '../process/run.ts';

/** A new cgroup of v1 has them empty: no process can be moved into it until they are filled. */
const CPUSET_FILES = ['cpuset.cpus', 'cpuset.mems'];

/**
 * One cgroup in every hierarchy of the machine: a container's runtime needs the v1 ones where they exist, and on cgroup v2 all
 * processes below it can be killed at once.
 */
export class Cgroup {
  /** Relative to each hierarchy's mount, such as `weir/node1`. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Absolute path of the directory on cgroup v2. */
  get directory(): string {
    return join(cgroup2Mount(), this.path);
  }

  /** Absolute paths of its directories, one a hierarchy. */
  get directories(): readonly string[] {
    return cgroupMounts().map((mount) => join(mount, this.path));
  }

  child(name: string): Cgroup {
    return new Cgroup(join(this.path, name));
  }

  /** Makes it in every hierarchy; its parent must be there. */
  make(): void {
    for (const directory of this.directories) {
      mkdirSync(directory, { recursive: true });
      inheritCpuset(directory);
    }
    passControllersOn(join(this.directory, '..'));
  }

  /** Kills every process in it and below, and removes it; rejects when something is left. */
  async remove(): Promise<void> {
    const { status } = await run('sh', [JANITOR, '', ...this.directories]);
    if (status !== 0) throw new Error(`the cgroup ${this.path} could not be removed`);
  }
}

function inheritCpuset(directory: string): void {
  for (const file of CPUSET_FILES) {
    const path = join(directory, file);
    if (!existsSync(path) || readFileSync(path, 'utf8').trim() !== '') continue;
    writeFileSync(path, readFileSync(join(directory, '..', file)));
  }
}

/** On a machine with cgroup v2 alone, a cgroup has the controllers that its parent passes on. */
function passControllersOn(parent: string): void {
  const controllers = readFileSync(join(parent, 'cgroup.controllers'), 'utf8').trim();
  if (controllers === '') return;
  const enabled = controllers.split(' ').map((name) => `+${name}`);
  writeFileSync(join(parent, 'cgroup.subtree_control'), enabled.join(' '));
}

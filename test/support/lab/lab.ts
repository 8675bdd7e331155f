import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { cgroup2Mount } from './cgroup2.ts';
import { Janitor } from './janitor.ts';
import { NetNs } from './netns.ts';
import { Pod, podIdentity } from './pod.ts';
import { Router } from './router.ts';

export interface PodOptions {
  /** The namespace that the pod lives in, or 'host' for the machine's own; default: a new one, attached to nothing. */
  readonly netns?: NetNs | 'host';
  /** The container's cgroup below the lab; default `kubepods/burstable/pod<uid>/<container id>`, as a kubelet makes it. */
  readonly cgroup?: string;
}

/**
 * Pods on one machine without Kubernetes: real cgroups, network namespaces and processes.
 *
 * All of it lies in one cgroup subtree, which a janitor process ends and removes when the lab is disposed of, or when the
 * process that made the lab goes away in any other manner.
 */
export class Lab implements AsyncDisposable {
  /** Absolute path of the lab's cgroup. */
  readonly directory: string;
  /** A directory for files that go away with the lab. */
  readonly temporary: string;
  readonly #janitor: Janitor;

  private constructor(directory: string, temporary: string, janitor: Janitor) {
    this.directory = directory;
    this.temporary = temporary;
    this.#janitor = janitor;
  }

  /** @param name letters, digits and dashes; part of the cgroup's name, so that a person can tell labs apart */
  static async create(name: string): Promise<Lab> {
    const id = `weir-lab-${name}-${process.pid}-${randomBytes(3).toString('hex')}`;
    const [directory, temporary] = [join(cgroup2Mount(), id), join(tmpdir(), id)];
    const lab = new Lab(directory, temporary, await Janitor.hire(temporary, [directory]));
    try {
      mkdirSync(lab.directory);
      mkdirSync(lab.temporary, { mode: 0o700 });
      mkdirSync(lab.#netnsCgroup);
      return lab;
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The lab's cgroup relative to the cgroup v2 mount. */
  get cgroup(): string {
    return relative(cgroup2Mount(), this.directory);
  }

  netns(name: string): Promise<NetNs> {
    return NetNs.create(name, this.#netnsCgroup);
  }

  async router(name = 'router'): Promise<Router> {
    return Router.create(await this.netns(name));
  }

  async pod(name: string, options: PodOptions = {}): Promise<Pod> {
    const { uid, containerId } = podIdentity(`${this.cgroup}/${name}`);
    const cgroup = options.cgroup ?? `kubepods/burstable/pod${uid}/${containerId}`;
    const netns = options.netns === 'host' ? undefined : (options.netns ?? (await this.netns(name)));
    return new Pod({
      name,
      uid,
      containerId,
      directory: join(this.directory, cgroup),
      netns,
      temporary: this.temporary,
    });
  }

  /** Ends every process of the lab and removes what it made; resolves when nothing is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#janitor.finish();
  }

  get #netnsCgroup(): string {
    return join(this.directory, 'netns');
  }
}

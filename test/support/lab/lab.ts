import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cgroup2Mount } from './cgroup2.ts';
import { NetNs } from './netns.ts';
import { Pod, podIdentity } from './pod.ts';
import { Router } from './router.ts';

export interface PodOptions {
  /** The namespace that the pod lives in, or 'host' for the machine's own; default: a new one, attached to nothing. */
  readonly netns?: NetNs | 'host';
  /** The container's cgroup below the lab; default `kubepods/burstable/pod<uid>/<container id>`, as a kubelet makes it. */
  readonly cgroup?: string;
}

const JANITOR = fileURLToPath(new URL('janitor.sh', import.meta.url));

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
  readonly #janitor: ChildProcess;
  #end: Promise<void> | undefined;

  private constructor(id: string) {
    this.directory = join(cgroup2Mount(), id);
    this.temporary = join(tmpdir(), id);
    // The janitor is there before anything that it must remove.
    this.#janitor = spawn('sh', [JANITOR, this.directory, this.temporary], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#janitor.unref();
  }

  /** @param name letters, digits and dashes; part of the cgroup's name, so that a person can tell labs apart */
  static async create(name: string): Promise<Lab> {
    const lab = new Lab(`weir-lab-${name}-${process.pid}-${randomBytes(3).toString('hex')}`);
    await once(lab.#janitor, 'spawn');
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
    this.#end ??= this.#dispose();
    await this.#end;
  }

  get #netnsCgroup(): string {
    return join(this.directory, 'netns');
  }

  async #dispose(): Promise<void> {
    const janitor = this.#janitor;
    if (janitor.exitCode === null && janitor.signalCode === null) {
      const exited = once(janitor, 'exit');
      janitor.ref();
      janitor.stdin?.end();
      await exited;
    }
    if (janitor.exitCode !== 0) {
      throw new Error(`the lab left ${this.directory} behind (janitor: ${janitor.signalCode ?? janitor.exitCode})`);
    }
  }
}

import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { cgroup2Mount } from './cgroup2.ts';
import { type Output, type Place, type RunOptions, run, start } from './command.ts';
import type { NetNs } from './netns.ts';
import { Peer } from './peer.ts';

export interface PodParts {
  readonly name: string;
  readonly uid: string;
  /** 64 hex digits. */
  readonly containerId: string;
  /** Absolute path of the container's cgroup; made when the pod is. */
  readonly directory: string;
  /** undefined: the pod uses the machine's own network. */
  readonly netns: NetNs | undefined;
  /** Directory for the peers' files. */
  readonly temporary: string;
}

export interface Below {
  /** A cgroup below the container's own, made when needed: `'init.scope/worker'`. */
  readonly cgroup?: string;
}

/** One container in one pod: a cgroup, and a network namespace that other pods may share. */
export class Pod {
  readonly name: string;
  readonly uid: string;
  readonly containerId: string;
  readonly directory: string;
  readonly #netns: NetNs | undefined;
  readonly #temporary: string;

  constructor(parts: PodParts) {
    this.name = parts.name;
    this.uid = parts.uid;
    this.containerId = parts.containerId;
    this.directory = parts.directory;
    this.#netns = parts.netns;
    this.#temporary = parts.temporary;
    mkdirSync(this.directory, { recursive: true });
  }

  /** The container's cgroup relative to the cgroup v2 mount. */
  get cgroup(): string {
    return relative(cgroup2Mount(), this.directory);
  }

  /** The pod's cgroup, the container's parent, relative to the cgroup v2 mount. */
  get podCgroup(): string {
    return dirname(this.cgroup);
  }

  /** The kernel's id of the container's cgroup, as bpf_get_current_cgroup_id() gives it. */
  get cgroupId(): bigint {
    return statSync(this.directory, { bigint: true }).ino;
  }

  /** The pod's namespace; throws for a pod that uses the machine's own network. */
  get netns(): NetNs {
    if (this.#netns === undefined) throw new Error(`pod ${this.name} has no network of its own`);
    return this.#netns;
  }

  get ipv4(): string {
    return this.#netns?.attachment.ipv4 ?? '127.0.0.1';
  }

  get ipv6(): string {
    return this.#netns?.attachment.ipv6 ?? '::1';
  }

  /** Runs a command in the pod to its end; rejects when it fails. */
  exec(argv: readonly string[], options: RunOptions & Below = {}): Promise<Output> {
    return run(this.#place(options), argv, options);
  }

  /** Starts a process in the pod. It ends with the lab at the latest. */
  spawn(argv: readonly string[], options: Below = {}): ChildProcessWithoutNullStreams {
    return start(this.#place(options), argv);
  }

  /** Starts a process in the pod whose sockets the caller controls step by step. */
  peer(options: Below = {}): Promise<Peer> {
    return Peer.start((argv) => this.spawn(argv, options), this.#temporary);
  }

  #place({ cgroup }: Below): Place {
    const directory = join(this.directory, cgroup ?? '');
    mkdirSync(directory, { recursive: true });
    return { cgroup: directory, netnsPid: this.#netns?.pid };
  }
}

/** A pod UID and a container id in the form that a kubelet uses; the same seed gives the same ones. */
export function podIdentity(seed: string): { uid: string; containerId: string } {
  const containerId = createHash('sha256').update(seed).digest('hex');
  const uid = containerId.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
  return { uid, containerId };
}

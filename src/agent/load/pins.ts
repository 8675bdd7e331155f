/**
 * What outlives the agent's process: the loaded program, its maps and links, under names in a bpffs. One folder a node, since
 * several may share a kernel, and in it one folder for the version that runs.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { WeirError } from '../../lib/errors.ts';
import type { Libbpf } from './libbpf.ts';
import { errorText, lockFile } from './libc.ts';

/** BPF_FS_MAGIC (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11;
/** A set that is not complete yet; no version, which has 16 digits. */
const UNFINISHED = 'unfinished';
const MODE = 0o700;

export class Pins {
  readonly #libbpf: () => Libbpf;
  readonly #folder: string;
  #lock: number | undefined;

  /**
   * @param libbpf loads the library when it is needed first.
   * @param bpffs where one is mounted; see {@link isBpffs}.
   */
  constructor(libbpf: () => Libbpf, bpffs: string, node: string) {
    this.#libbpf = libbpf;
    // A bpffs takes no dots, and names of nodes have no underscores.
    this.#folder = join(bpffs, 'weir', node.replaceAll('.', '_'));
  }

  /**
   * Takes the node's pins for this process, until it ends or clears them; once more changes nothing.
   * @throws WeirError ClusterFailed while another process has them, KernelRefused where nothing can be written there.
   */
  take(): void {
    while (this.#lock === undefined) {
      const folder = this.#open();
      if (!lockFile(folder)) {
        closeSync(folder);
        throw new WeirError(
          'ClusterFailed',
          'another agent of this node still runs: capturing begins when it has ended; two would report every flow twice',
        );
      }
      // Whoever had it may just have removed it.
      if (isAt(folder, this.#folder)) this.#lock = folder;
      else closeSync(folder);
    }
  }

  /** Descriptors of the parts of this version, by name; undefined unless all are there. */
  find(version: string, parts: readonly string[]): ReadonlyMap<string, number> | undefined {
    using opened = new DisposableStack();
    const found = new Map<string, number>();
    for (const part of parts) {
      const fd = this.#libbpf().getObject(join(this.#folder, version, part));
      if (fd < 0) return undefined;
      found.set(part, opened.adopt(fd, closeSync));
    }
    opened.move();
    return found;
  }

  /** Pins a whole set, in the place of all others. @throws WeirError as `take`, with nothing pinned. */
  replace(version: string, parts: ReadonlyMap<string, number>): void {
    this.take();
    this.#empty();
    const unfinished = join(this.#folder, UNFINISHED);
    try {
      mkdirSync(unfinished, { mode: MODE });
      for (const [name, fd] of parts) {
        const result = this.#libbpf().pinObject(fd, join(unfinished, name));
        if (result < 0) throw new Error(`${name}: ${errorText(result)}`);
      }
      // A process that dies before this leaves nothing that another would take for whole.
      renameSync(unfinished, join(this.#folder, version));
    } catch (cause) {
      this.clear();
      throw this.#refused(cause);
    }
  }

  /** Removes every set of this node, and its folder: what no process holds is gone from the kernel then. */
  clear(): void {
    this.take();
    this.#empty();
    rmdirSync(this.#folder);
    try {
      rmdirSync(dirname(this.#folder));
    } catch {
      // Another node of this machine has something in it.
    }
    this.giveUp();
  }

  /** Another process may take them. What is pinned stays. */
  giveUp(): void {
    if (this.#lock !== undefined) closeSync(this.#lock);
    this.#lock = undefined;
  }

  #empty(): void {
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name), { recursive: true });
  }

  #open(): number {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: MODE });
      return openSync(this.#folder, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (cause) {
      throw this.#refused(cause);
    }
  }

  #refused(cause: unknown): WeirError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new WeirError(
      'KernelRefused',
      `cannot keep the capture in ${this.#folder}: ${why}; mount the bpffs of the node writable`,
      { cause },
    );
  }
}

function isAt(fd: number, path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

/** Whether a bpffs is mounted there. Elsewhere nothing can be pinned. */
export function isBpffs(path: string): boolean {
  try {
    return statfsSync(path).type === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/** The kernel's statistics of BPF programs, and the empty program that they are compared with. */
import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { Libbpf } from '../../src/agent/load/libbpf.ts';

const BPF_DIRECTORY = fileURLToPath(new URL('../../bpf', import.meta.url));
const EMPTY_SOURCE = fileURLToPath(new URL('../empty.bpf.c', import.meta.url));
/** enum bpf_stats_type */
const BPF_STATS_RUN_TIME = 0;

const library = koffi.load('libbpf.so.1');
const versionString = library.func('const char *libbpf_version_string()');
const enableStats = library.func('int bpf_enable_stats(int type)');

export function libbpfVersion(): string {
  return String(versionString()).replace(/^v/, '');
}

/**
 * Lets the kernel take the time of every run of every program, until disposed of. As kernel.bpf_stats_enabled=1 does, but
 * bound to a file descriptor: however this process ends, the statistics end with it.
 */
export function takeRunTimes(): Disposable {
  const fd = Number(enableStats(BPF_STATS_RUN_TIME));
  if (fd < 0) throw new Error(`the kernel refused to take statistics of BPF programs: ${fd}`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}

/** Running totals of one program. */
export interface RunTime {
  readonly id: number;
  readonly nanos: number;
  readonly runs: number;
}

/** The programs that a process holds, oldest first; what `bpftool prog show` prints, by the process' own descriptors. */
export function runTimesOf(pid: number): RunTime[] {
  const programs = new Map<number, RunTime>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = fdinfo(pid, fd);
    const [id, nanos, runs] = ['prog_id', 'run_time_ns', 'run_cnt'].map((name) => numberIn(info, name));
    // A link names its program too, but has no statistics.
    if (id !== undefined && nanos !== undefined && runs !== undefined) programs.set(id, { id, nanos, runs });
  }
  return [...programs.values()].toSorted((a, b) => a.id - b.id);
}

/** Memory of all maps that a process holds, as the kernel reckons each; state that lies with sockets is not in it. */
export function mapBytesOf(pid: number): number {
  const maps = new Map<number, number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = fdinfo(pid, fd);
    const [id, bytes] = ['map_id', 'memlock'].map((name) => numberIn(info, name));
    if (id !== undefined && bytes !== undefined) maps.set(id, bytes);
  }
  return [...maps.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function fdinfo(pid: number, fd: string): string {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  } catch {
    return ''; // closed since it was listed
  }
}

function numberIn(info: string, name: string): number | undefined {
  const digits = new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(info)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Compiles the empty program by the rule of bpf/Makefile. Returns the object's path. */
export function compileEmptyProgram(directory: string): string {
  copyFileSync(EMPTY_SOURCE, join(directory, 'empty.bpf.c'));
  const object = join(directory, 'empty.bpf.o');
  execFileSync('make', ['-s', '-C', BPF_DIRECTORY, object]);
  return object;
}

/** Loads and attaches the empty program once more; programs of one hook run in the order in which they were attached. */
export function attachEmptyProgram(path: string): Disposable {
  const libbpf = Libbpf.load();
  const object = libbpf.openFile(path);
  if (object === undefined) throw new Error(`cannot open ${path}: ${libbpf.takeLog()}`);
  const loaded = libbpf.loadObject(object);
  const link = loaded < 0 ? undefined : libbpf.attachProgram(libbpf.findProgram(object, 'empty'));
  if (link === undefined) throw new Error(`cannot attach the empty program: ${libbpf.takeLog()}`);
  return {
    [Symbol.dispose]() {
      libbpf.destroyLink(link);
      libbpf.closeObject(object);
    },
  };
}

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds in the kernel: `prog 17`, `map 5`, `link 3`, `btf 9`. */
export type BpfObject = `${Kind} ${number}`;

const KINDS = ['prog', 'map', 'link', 'btf'] as const;
type Kind = (typeof KINDS)[number];

/** The BPF objects behind a process' file descriptors; none for a process that is gone. */
export function heldBy(pid: number): Set<BpfObject> {
  const infos = fdInfos(pid);
  const ofKind = (kind: Kind) =>
    infos.flatMap((info) => {
      const id = new RegExp(`^${kind}_id:\\s+(\\d+)$`, 'm').exec(info)?.[1];
      return id === undefined ? [] : [`${kind} ${Number(id)}` as const];
    });
  return new Set(KINDS.flatMap(ofKind));
}

/** Those of the objects that the kernel still has, whoever holds them. */
export function stillThere(objects: ReadonlySet<BpfObject>): BpfObject[] {
  const all = new Set(KINDS.flatMap((kind) => list(kind).map(({ id }): BpfObject => `${kind} ${id}`)));
  return [...objects].filter((object) => all.has(object));
}

/** Names of the programs among these. */
export function programNames(objects: ReadonlySet<BpfObject>): string[] {
  return list('prog').flatMap(({ id, name }) => (objects.has(`prog ${id}`) && name !== undefined ? [name] : []));
}

interface Listed {
  readonly id: number;
  readonly name?: string;
}

function list(kind: Kind): Listed[] {
  const listed: Listed[] = JSON.parse(execFileSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8' }));
  return listed;
}

function fdInfos(pid: number): string[] {
  const directory = `/proc/${pid}/fdinfo`;
  return attempt(() => readdirSync(directory), []).map((fd) =>
    attempt(() => readFileSync(`${directory}/${fd}`, 'utf8'), ''),
  );
}

/** Processes and their files go at any time. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

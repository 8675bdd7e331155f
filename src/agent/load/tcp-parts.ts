/** What the TCP program consists of in the kernel, by the names of its object in `bpf/`. */
import { WeirError } from '../../lib/errors.ts';

/** The programs of the object, both on one tracepoint; bpf/tcp.bpf.c says why there are two. */
export const PROGRAMS = ['tcp_by_process', 'tcp_by_packet'] as const;

/** Walks when it is told to, as the one that reports does; bpf/live.bpf.h says over what. */
export const TAKE_OVER_PASS = 'take_over_connections';

/** Maps that are read or written here; the programs hold the others. */
export const MAPS = [
  'flows',
  'connections',
  'selection',
  'selection_control',
  'ledger',
  'node_counters',
  'connection_count',
  'policies',
  'peer_lists',
  'peer_masks',
  'pass_control',
  'lease',
  'journal',
] as const;

export type Part =
  | `map_${(typeof MAPS)[number]}`
  | `program_${(typeof PROGRAMS)[number] | typeof TAKE_OVER_PASS | 'report'}`
  | `link_${(typeof PROGRAMS)[number]}`;

/** What a process must hold of the loaded and attached program, so that it lives on: by the names that it is pinned under. */
export const PARTS: readonly Part[] = [
  ...MAPS.map((name) => `map_${name}` as const),
  ...PROGRAMS.map((name) => `program_${name}` as const),
  'program_report',
  `program_${TAKE_OVER_PASS}`,
  ...PROGRAMS.map((name) => `link_${name}` as const),
];

/** @throws WeirError Internal where it is not there. */
export function fdOf(parts: ReadonlyMap<string, number>, part: Part): number {
  const fd = parts.get(part);
  if (fd === undefined) throw new WeirError('Internal', `nothing is loaded under the name ${part}`);
  return fd;
}

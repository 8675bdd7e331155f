/** Loads and attaches the TCP program: one object of `bpf/`, configured for this run. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../lib/errors.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import { LEASE, PASS_CONTROL, PROGRAM_CONFIG } from '../decode/layout.generated.ts';
import { BpfMap, u32Key } from './bpf-map.ts';
import { type KernelPass, kernelPass } from './kernel-pass.ts';
import type { Libbpf, Pointer } from './libbpf.ts';
import { explainLoadFailure } from './refusal.ts';
import { REPORT_PROGRAMS, REPORT_WALKS, type ReportWalk } from './report-walk.ts';

/** The programs of the object, both on one tracepoint; bpf/tcp.bpf.c says why there are two. */
const PROGRAMS = ['tcp_by_process', 'tcp_by_packet'] as const;

/** Walks when it is told to, as the one that reports does; bpf/live.bpf.h says over what. */
const TAKE_OVER_PASS = 'take_over_connections';

/** Maps that are read or written here; the programs hold the others. */
const MAPS = [
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

type Part =
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

const EPERM = 1;
const ESRCH = 3;
const FLOW_ID_KEY_BYTES = 16;
/** Before any time there is: the programs do nothing. See the map `lease`. */
const NEVER = 1;

const OBJECT_FILE = fileURLToPath(import.meta.resolve('#bpf/tcp.bpf.o'));

export interface TcpProgramOptions {
  /** 16 bytes; both ends of a connection need the same key for the same flow.id. Undefined: a random one. */
  readonly flowIdKey: Uint8Array | undefined;
  /** 0…255, carried in every record as flow.id.key. */
  readonly flowIdKeyNumber: number;
  /** Ceiling of sockets tracked at once, 464 bytes of kernel memory each: a connection with both ends here has two. */
  readonly maxConnections: number;
  /** Bytes, a power of two and at least a page. */
  readonly ringBytes: number;
  /** A power of two. */
  readonly joinBuckets: number;
}

/** The loaded program and its maps. Closing frees everything in the kernel that is not pinned. */
export interface TcpProgram {
  readonly flows: BpfMap;
  readonly selection: BpfMap;
  readonly selectionControl: BpfMap;
  readonly ledger: BpfMap;
  readonly nodeCounters: BpfMap;
  readonly connectionCount: BpfMap;
  readonly policies: BpfMap;
  readonly journal: BpfMap;
  readonly peerLists: BpfMap;
  readonly peerMasks: BpfMap;
  /** How live connections are found. */
  readonly reportWalk: ReportWalk;
  /** Reports live connections that have moved, where it is time. */
  reportLive(): Promise<void>;
  /** Finds connections that are not tracked, in every network namespace, and processes that are not known. */
  takeOver(): Promise<void>;
  /** Reports every live connection that has moved: for the last time, before the program goes. */
  reportAllNow(): void;
  /** Throws KernelRefused, with nothing attached. */
  attach(): void;
  /** Descriptors to pin, by part; of an attached program all of PARTS. */
  readonly parts: ReadonlyMap<string, number>;
  /** The programs do nothing from this time on. @param untilNanos of CLOCK_MONOTONIC. */
  lease(untilNanos: number): void;
  /** When the lease ends, ns of CLOCK_MONOTONIC; 0: never. */
  leasedUntil(): number;
  /** Runs that the kernel left out because the program was running on that CPU already. */
  missedRuns(): number;
  /** No new records from now on; the maps stay readable until `close`. What is pinned must have been removed before. */
  detach(): void;
  /** Gives up everything that is held here. */
  close(): void;
}

/** Changes with everything that two processes must have in common to share a loaded program. @param reader how user space reads it. */
export function tcpProgramVersion({ flowIdKey, ...options }: TcpProgramOptions, reader: string): string {
  const key = flowIdKey === undefined ? 'random' : Buffer.from(flowIdKey).toString('hex');
  const rest = canonicalJson({ ...options, key, parts: PARTS, reader });
  return createHash('sha256').update(readFileSync(OBJECT_FILE)).update(rest).digest('hex').slice(0, 16);
}

/**
 * Loads without attaching, so that the selection can be written before the first socket is seen.
 * Throws MissingPrivilege, Unsupported or KernelRefused with what is missing and how to get it.
 * @param walks ways to find live connections; the first that the kernel does not withhold is used.
 */
export function loadTcpProgram(libbpf: Libbpf, options: TcpProgramOptions, walks = REPORT_WALKS): TcpProgram {
  const [walk, ...others] = walks;
  if (walk === undefined) throw new WeirError('Internal', 'there must be a way to find live connections');
  const object = libbpf.openFile(OBJECT_FILE);
  if (object === undefined) {
    throw new WeirError('Internal', `could not open ${OBJECT_FILE}: build it with scripts/setup\n${libbpf.takeLog()}`);
  }
  try {
    configure(libbpf, object, options);
    leaveOut(libbpf, object, walk);
    const result = libbpf.loadObject(object);
    if (result >= 0) return loaded(libbpf, object, walk);
    if (others.length === 0 || !isWithheld(result)) throw explainLoadFailure('tcp', result, libbpf.takeLog());
  } catch (error) {
    libbpf.closeObject(object);
    throw error;
  }
  libbpf.closeObject(object);
  return loadTcpProgram(libbpf, options, others);
}

/** The program that another process has loaded and attached. @param parts descriptors of all of PARTS, which are its own from now on. */
export function adoptTcpProgram(libbpf: Libbpf, parts: ReadonlyMap<string, number>): TcpProgram {
  const closeParts = (isLink: boolean) => {
    for (const [name, fd] of parts) if (name.startsWith('link_') === isLink) closeSync(fd);
  };
  let isAttached = true;
  const holding: Holding = {
    attach: () => undefined,
    detach() {
      if (isAttached) closeParts(true);
      isAttached = false;
    },
    close: () => closeParts(false),
  };
  try {
    return programOf(libbpf, parts, adoptedWalk(libbpf, parts), holding);
  } catch (error) {
    holding.detach();
    holding.close();
    throw error;
  }
}

function configure(libbpf: Libbpf, object: Pointer, options: TcpProgramOptions): void {
  libbpf.setMapMaxEntries(libbpf.findMap(object, 'flows'), options.ringBytes);
  libbpf.setMapMaxEntries(libbpf.findMap(object, 'join_buckets'), options.joinBuckets);
  const config = libbpf.mapInitialValue(libbpf.findMap(object, '.rodata'));
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  config.set(options.flowIdKey ?? randomBytes(FLOW_ID_KEY_BYTES), PROGRAM_CONFIG.flowIdKey);
  view.setUint32(PROGRAM_CONFIG.flowIdKeyNumber, options.flowIdKeyNumber, true);
  view.setUint32(PROGRAM_CONFIG.maxConnections, options.maxConnections, true);
  view.setUint32(PROGRAM_CONFIG.joinMask, options.joinBuckets - 1, true);
}

/** The kernel does not let anybody have it (EPERM), or does not have it (ESRCH of libbpf); anything else is a fault. */
function isWithheld(result: number): boolean {
  return result === -EPERM || result === -ESRCH;
}

/** A kernel may refuse programs that are not needed, so they are not loaded. */
function leaveOut(libbpf: Libbpf, object: Pointer, walk: ReportWalk): void {
  for (const other of REPORT_WALKS)
    if (other !== walk) libbpf.leaveOut(libbpf.findProgram(object, REPORT_PROGRAMS[other]));
}

/** How the process that loaded the program had to find live connections. */
function adoptedWalk(libbpf: Libbpf, parts: ReadonlyMap<string, number>): ReportWalk {
  const name = libbpf.programName(fdOf(parts, 'program_report'));
  const walk = REPORT_WALKS.find((one) => REPORT_PROGRAMS[one] === name);
  if (walk === undefined)
    throw new WeirError('Internal', `a program of the name ${name} is pinned as the reporting one`);
  return walk;
}

function fdOf(parts: ReadonlyMap<string, number>, part: Part): number {
  const fd = parts.get(part);
  if (fd === undefined) throw new WeirError('Internal', `nothing is loaded under the name ${part}`);
  return fd;
}

function loaded(libbpf: Libbpf, object: Pointer, walk: ReportWalk): TcpProgram {
  const parts = new Map<string, number>();
  for (const name of MAPS) parts.set(`map_${name}`, libbpf.mapFd(libbpf.findMap(object, name)));
  const programFd = (name: string) => libbpf.programFd(libbpf.findProgram(object, name));
  for (const name of [...PROGRAMS, TAKE_OVER_PASS]) parts.set(`program_${name}`, programFd(name));
  parts.set('program_report', programFd(REPORT_PROGRAMS[walk]));
  const links: Pointer[] = [];
  const detach = (): void => {
    for (const link of links.splice(0)) libbpf.destroyLink(link);
  };
  const program = programOf(libbpf, parts, walk, {
    attach() {
      for (const name of PROGRAMS) {
        const link = libbpf.attachProgram(libbpf.findProgram(object, name));
        if (link === undefined) {
          detach();
          throw new WeirError(
            'KernelRefused',
            `the kernel refused to attach to the tracepoint inet_sock_set_state\n${libbpf.takeLog()}`,
          );
        }
        links.push(link);
        parts.set(`link_${name}`, libbpf.linkFd(link));
      }
    },
    detach,
    close: () => libbpf.closeObject(object),
  });
  return program;
}

/** Where a loaded program and an adopted one differ: whose the descriptors are. */
interface Holding {
  readonly attach: () => void;
  readonly detach: () => void;
  readonly close: () => void;
}

function programOf(
  libbpf: Libbpf,
  parts: ReadonlyMap<string, number>,
  reportWalk: ReportWalk,
  holding: Holding,
): TcpProgram {
  const map = (name: (typeof MAPS)[number]) => new BpfMap(libbpf, fdOf(parts, `map_${name}`), name);
  using opened = new DisposableStack();
  const pass = (name: 'report' | typeof TAKE_OVER_PASS, over?: BpfMap): KernelPass =>
    opened.adopt(kernelPass(libbpf, name, fdOf(parts, `program_${name}`), over?.fd), (made) => made.close());
  const report = pass('report', reportWalk === 'storage' ? map('connections') : undefined);
  const takeOver = pass(TAKE_OVER_PASS);
  const control = map('pass_control');
  const lease = map('lease');
  const passes = opened.move();
  const detach = (): void => {
    // The kernel may take its time to let go of what was pinned.
    leaseUntil(lease, NEVER);
    holding.detach();
  };
  return {
    flows: map('flows'),
    selection: map('selection'),
    selectionControl: map('selection_control'),
    ledger: map('ledger'),
    nodeCounters: map('node_counters'),
    connectionCount: map('connection_count'),
    policies: map('policies'),
    peerLists: map('peer_lists'),
    peerMasks: map('peer_masks'),
    journal: map('journal'),
    reportWalk,
    reportLive: () => report.run(),
    async takeOver() {
      await takeOver.run();
      controlPass(control, {});
    },
    reportAllNow() {
      controlPass(control, { reportAll: true });
      report.runNow();
    },
    attach() {
      controlPass(control, { isFirst: true });
      holding.attach();
    },
    parts,
    lease: (untilNanos) => leaseUntil(lease, untilNanos),
    leasedUntil() {
      const value = new DataView(new ArrayBuffer(LEASE.size));
      lease.lookup(u32Key(0), new Uint8Array(value.buffer));
      return Number(value.getBigUint64(LEASE.untilNs, true));
    },
    missedRuns: () => PROGRAMS.reduce((sum, name) => sum + libbpf.recursionMisses(fdOf(parts, `program_${name}`)), 0),
    detach,
    close() {
      holding.detach();
      passes.dispose();
      holding.close();
    },
  };
}

/** struct lease of bpf/flow.h. */
function leaseUntil(lease: BpfMap, untilNanos: number): void {
  const value = new DataView(new ArrayBuffer(LEASE.size));
  value.setBigUint64(LEASE.untilNs, BigInt(Math.round(untilNanos)), true);
  lease.update(u32Key(0), new Uint8Array(value.buffer));
}

/** What the passes to come are for; struct pass_control of bpf/flow.h. */
function controlPass(control: BpfMap, { reportAll = false, isFirst = false }): void {
  const value = new DataView(new ArrayBuffer(PASS_CONTROL.size));
  value.setUint32(PASS_CONTROL.reportAll, Number(reportAll), true);
  value.setUint32(PASS_CONTROL.isFirst, Number(isFirst), true);
  control.update(u32Key(0), new Uint8Array(value.buffer));
}

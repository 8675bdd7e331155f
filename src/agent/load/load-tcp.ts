/** Loads and attaches the TCP program, configured for this run, or takes over the one that another process has loaded. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../lib/errors.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import { PROGRAM_CONFIG } from '../decode/layout.generated.ts';
import type { Libbpf } from './libbpf.ts';
import type { Pointer } from './libbpf-functions.ts';
import { explainLoadFailure } from './refusal.ts';
import { REPORT_PROGRAMS, REPORT_WALKS, type ReportWalk } from './report-walk.ts';
import { fdOf, MAPS, PARTS, PROGRAMS, TAKE_OVER_PASS } from './tcp-parts.ts';
import { type Holding, programOf, type TcpProgram } from './tcp-program.ts';

const EPERM = 1;
const ESRCH = 3;
const FLOW_ID_KEY_BYTES = 16;
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

/** Loads and attaches the TCP program: one object of `bpf/`, configured for this run. */
import { fileURLToPath } from 'node:url';
import { WeirError } from '../../lib/errors.ts';
import { PASS_CONTROL, PROGRAM_CONFIG } from '../decode/layout.generated.ts';
import { BpfMap, u32Key } from './bpf-map.ts';
import { type KernelPass, kernelPass } from './kernel-pass.ts';
import type { Libbpf, Pointer } from './libbpf.ts';
import { explainLoadFailure } from './refusal.ts';

/** The programs of the object, both on one tracepoint; bpf/tcp.bpf.c says why there are two. */
const PROGRAMS = ['tcp_by_process', 'tcp_by_packet'] as const;

/** Those that walk when they are told to; bpf/live.bpf.h says over what. */
const REPORT_PASS = 'report_live_connections';
const TAKE_OVER_PASS = 'take_over_connections';

const OBJECT_FILE = fileURLToPath(import.meta.resolve('#bpf/tcp.bpf.o'));

export interface TcpProgramOptions {
  /** 16 bytes; both ends of a connection need the same key for the same flow.id. */
  readonly flowIdKey: Uint8Array;
  /** 0…255, carried in every record as flow.id.key. */
  readonly flowIdKeyNumber: number;
  /** Ceiling of connections tracked at once, about 400 bytes of kernel memory each. */
  readonly maxConnections: number;
  /** Bytes, a power of two and at least a page. */
  readonly ringBytes: number;
  /** A power of two. */
  readonly joinBuckets: number;
}

/** The loaded program and its maps. Closing detaches it and frees everything in the kernel. */
export interface TcpProgram {
  readonly flows: BpfMap;
  readonly selection: BpfMap;
  readonly selectionControl: BpfMap;
  readonly ledger: BpfMap;
  readonly nodeCounters: BpfMap;
  readonly connectionCount: BpfMap;
  readonly policies: BpfMap;
  readonly peerLists: BpfMap;
  readonly peerMasks: BpfMap;
  /** Reports live connections that have moved, where it is time. */
  reportLive(): Promise<void>;
  /** Finds connections that are not tracked, in every network namespace, and processes that are not known. */
  takeOver(): Promise<void>;
  /** Reports every live connection that has moved: for the last time, before the program goes. */
  reportAllNow(): void;
  /** Throws KernelRefused, with nothing attached. */
  attach(): void;
  /** Runs that the kernel left out because the program was running on that CPU already. */
  missedRuns(): number;
  /** No new records from now on; the maps stay readable until `close`. */
  detach(): void;
  close(): void;
}

/**
 * Loads without attaching, so that the selection can be written before the first socket is seen.
 * Throws MissingPrivilege, Unsupported or KernelRefused with what is missing and how to get it.
 */
export function loadTcpProgram(libbpf: Libbpf, options: TcpProgramOptions): TcpProgram {
  const object = libbpf.openFile(OBJECT_FILE);
  if (object === undefined) {
    throw new WeirError('Internal', `could not open ${OBJECT_FILE}: build it with scripts/setup\n${libbpf.takeLog()}`);
  }
  try {
    configure(libbpf, object, options);
    const result = libbpf.loadObject(object);
    if (result < 0) throw explainLoadFailure('tcp', result, libbpf.takeLog());
    return loaded(libbpf, object);
  } catch (error) {
    libbpf.closeObject(object);
    throw error;
  }
}

function configure(libbpf: Libbpf, object: Pointer, options: TcpProgramOptions): void {
  libbpf.setMapMaxEntries(libbpf.findMap(object, 'flows'), options.ringBytes);
  libbpf.setMapMaxEntries(libbpf.findMap(object, 'join_buckets'), options.joinBuckets);
  const config = libbpf.mapInitialValue(libbpf.findMap(object, '.rodata'));
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  config.set(options.flowIdKey, PROGRAM_CONFIG.flowIdKey);
  view.setUint32(PROGRAM_CONFIG.flowIdKeyNumber, options.flowIdKeyNumber, true);
  view.setUint32(PROGRAM_CONFIG.maxConnections, options.maxConnections, true);
  view.setUint32(PROGRAM_CONFIG.joinMask, options.joinBuckets - 1, true);
}

function loaded(libbpf: Libbpf, object: Pointer): TcpProgram {
  const programs = PROGRAMS.map((name) => libbpf.findProgram(object, name));
  using opened = new DisposableStack();
  const pass = (name: string, map?: BpfMap): KernelPass =>
    opened.adopt(kernelPass(libbpf, name, libbpf.programFd(libbpf.findProgram(object, name)), map?.fd), (made) =>
      made.close(),
    );
  const report = pass(REPORT_PASS, new BpfMap(libbpf, object, 'connections'));
  const takeOver = pass(TAKE_OVER_PASS);
  const control = new BpfMap(libbpf, object, 'pass_control');
  controlPass(control, { isFirst: true });
  const links: Pointer[] = [];
  const passes = opened.move();
  const detach = (): void => {
    for (const link of links.splice(0)) libbpf.destroyLink(link);
  };
  return {
    flows: new BpfMap(libbpf, object, 'flows'),
    selection: new BpfMap(libbpf, object, 'selection'),
    selectionControl: new BpfMap(libbpf, object, 'selection_control'),
    ledger: new BpfMap(libbpf, object, 'ledger'),
    nodeCounters: new BpfMap(libbpf, object, 'node_counters'),
    connectionCount: new BpfMap(libbpf, object, 'connection_count'),
    policies: new BpfMap(libbpf, object, 'policies'),
    peerLists: new BpfMap(libbpf, object, 'peer_lists'),
    peerMasks: new BpfMap(libbpf, object, 'peer_masks'),
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
      for (const program of programs) {
        const link = libbpf.attachProgram(program);
        if (link === undefined) {
          detach();
          throw new WeirError(
            'KernelRefused',
            `the kernel refused to attach to the tracepoint inet_sock_set_state\n${libbpf.takeLog()}`,
          );
        }
        links.push(link);
      }
    },
    missedRuns: () => programs.reduce((sum, program) => sum + libbpf.recursionMisses(program), 0),
    detach,
    close() {
      detach();
      passes.dispose();
      libbpf.closeObject(object);
    },
  };
}

/** What the passes to come are for; struct pass_control of bpf/flow.h. */
function controlPass(control: BpfMap, { reportAll = false, isFirst = false }): void {
  const value = new DataView(new ArrayBuffer(PASS_CONTROL.size));
  value.setUint32(PASS_CONTROL.reportAll, Number(reportAll), true);
  value.setUint32(PASS_CONTROL.isFirst, Number(isFirst), true);
  control.update(u32Key(0), new Uint8Array(value.buffer));
}

/** The loaded TCP program, as everything else of the agent sees it. */
import { LEASE, PASS_CONTROL } from '../decode/layout.generated.ts';
import { BpfMap, u32Key } from './bpf-map.ts';
import { type KernelPass, kernelPass } from './kernel-pass.ts';
import type { Libbpf } from './libbpf.ts';
import type { ReportWalk } from './report-walk.ts';
import { fdOf, MAPS, PROGRAMS, TAKE_OVER_PASS } from './tcp-parts.ts';

/** Before any time there is: the programs do nothing. See the map `lease`. */
const NEVER = 1;

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

/** Where a loaded program and an adopted one differ: whose the descriptors are. */
export interface Holding {
  readonly attach: () => void;
  readonly detach: () => void;
  readonly close: () => void;
}

/** @param parts descriptors by part. @param reportWalk how its `program_report` walks. @throws WeirError KernelRefused */
export function programOf(
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

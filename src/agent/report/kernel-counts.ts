/** Reads what the kernel program has counted: per set of captures, and for the node as a whole. */
import type { KernelTotals } from '../../export/ledger.ts';
import { mapRecord } from '../../lib/map-record.ts';
import type { CaptureSets } from '../../plan/sets.ts';
import { LEDGER_ENTRY, NODE_COUNTERS } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key } from '../load/bpf-map.ts';

/** What the loaded program counts in. */
export interface KernelCounters {
  readonly ledger: Pick<BpfMap, 'sumPerCpu'>;
  readonly nodeCounters: Pick<BpfMap, 'sumPerCpu'>;
  readonly connectionCount: Pick<BpfMap, 'lookup'>;
  missedRuns(): number;
}

/** What the kernel counts for one set, by the names that the ledger has for it: where it stands in its map. */
const COUNTED = {
  observed: LEDGER_ENTRY.observed,
  ringFull: LEDGER_ENTRY.lostRingFull,
  tooManyConnections: LEDGER_ENTRY.lostTooManyConnections,
  storageUnavailable: LEDGER_ENTRY.lostStorageUnavailable,
  direction: LEDGER_ENTRY.filteredDirection,
  peer: LEDGER_ENTRY.filteredPeer,
  sampledOut: LEDGER_ENTRY.sampledOut,
} as const;

/** Running totals of what the kernel counted for one set. */
export type SetCounts = Readonly<Record<keyof typeof COUNTED, number>>;

/** Events that concern no capture in particular; running totals, `openConnections` as it is now. */
export interface NodeCounts {
  /** Records whose far side is the other half's kernel identity. */
  readonly joined: number;
  /** The entry where both ends meet was taken over before its first half came back for the second. */
  readonly joinMissed: number;
  /** A third half came with the same flow id: not joined. */
  readonly joinAmbiguous: number;
  /** Connections of which it was not known whose they are, and that no capture selected when they ended. */
  readonly unselected: number;
  /** Times that a live connection could not be reported for want of room in the ring: its next report counts for both. */
  readonly postponed: number;
  /** Connections older than the capture, or than their pod's selection, that were tracked from then on. */
  readonly takenOver: number;
  /** Records lost before it was known whose they are. */
  readonly lostUnknown: number;
  /** State changes that the kernel did not show: the program was running on that CPU. Whose they were is not known. */
  readonly missedStateChanges: number;
  /** Tracked connections that have not ended: what they carried since their last report is not observed yet. */
  readonly openConnections: number;
}

/** What is known of counts that the loaded program does not have, or has under a number that means another set now. */
export interface KernelCountsState {
  readonly kept: readonly (readonly [capture: number, counts: SetCounts])[];
  readonly former: readonly (readonly [set: number, counts: SetCounts])[];
  readonly node: NodeCounts;
}

const UNKNOWN_SET_ENTRY = 0;
const NO_COUNTS: SetCounts = mapRecord(COUNTED, () => 0);
const NO_NODE_COUNTS: NodeCounts = {
  joined: 0,
  joinMissed: 0,
  joinAmbiguous: 0,
  unselected: 0,
  postponed: 0,
  takenOver: 0,
  lostUnknown: 0,
  missedStateChanges: 0,
  openConnections: 0,
};

/**
 * What the kernel has counted since the agent began: totals go on while programs are loaded and unloaded, and while a set's
 * number comes to mean another set.
 */
export class KernelCounts {
  readonly #sets: Pick<CaptureSets, 'size' | 'capturesOf'>;
  #counters: KernelCounters | undefined;
  /** By capture: of programs that are unloaded, and of sets whose number means another set now. */
  readonly #kept = new Map<number, SetCounts>();
  /** By set: what had been counted under its number for the set that had it before. */
  readonly #former = new Map<number, SetCounts>();
  #keptNode = NO_NODE_COUNTS;

  constructor(sets: Pick<CaptureSets, 'size' | 'capturesOf'>) {
    this.#sets = sets;
  }

  get state(): KernelCountsState {
    return { kept: [...this.#kept], former: [...this.#former], node: this.#keptNode };
  }

  /** Goes on where another process has ended; before anything is counted. */
  restore({ kept, former, node }: KernelCountsState): void {
    for (const [capture, counts] of kept) this.#kept.set(capture, counts);
    for (const [set, counts] of former) this.#former.set(set, counts);
    this.#keptNode = node;
  }

  /** A program was loaded, and counts from zero; or from where it stood at `restore`. */
  begin(counters: KernelCounters): void {
    this.#counters = counters;
  }

  /** The program is about to be unloaded: its counters can be read for the last time. */
  end(): void {
    for (let set = 1; set <= this.#sets.size; set++) this.#keep(set, this.#sets.capturesOf(set));
    this.#keptNode = { ...this.node(), openConnections: 0 };
    this.#former.clear();
    this.#counters = undefined;
  }

  /** The set's number is about to mean other captures than these. */
  recycled(set: number, captures: readonly number[]): void {
    this.#keep(set, captures);
    this.#former.set(set, this.#read(set));
  }

  /** Nobody asks for this capture any more. */
  forget(capture: number): void {
    this.#kept.delete(capture);
  }

  /**
   * Totals by capture, of those for which anything was counted. `provisional`: by capture, records of connections that the
   * kernel counted for nobody and that were found to be the capture's.
   */
  byCapture(provisional: ReadonlyMap<number, number>): Map<number, KernelTotals> {
    const sums = new Map(this.#kept);
    for (let set = 1; set <= this.#sets.size; set++) {
      const counts = this.#ofSet(set);
      for (const capture of this.#sets.capturesOf(set)) sums.set(capture, plus(sums.get(capture), counts));
    }
    for (const [capture, observed] of provisional)
      sums.set(capture, plus(sums.get(capture), { ...NO_COUNTS, observed }));
    return new Map(Array.from(sums, ([capture, counts]) => [capture, totalsOf(counts)]));
  }

  node(): NodeCounts {
    const counters = this.#counters;
    if (counters === undefined) return this.#keptNode;
    const sums = counters.nodeCounters.sumPerCpu(u32Key(0), NODE_COUNTERS.size / 8);
    const unknown = this.#read(UNKNOWN_SET_ENTRY);
    const open = new BigUint64Array(1);
    counters.connectionCount.lookup(u32Key(0), new Uint8Array(open.buffer));
    const kept = this.#keptNode;
    return {
      joined: kept.joined + (sums[NODE_COUNTERS.joined / 8] ?? 0),
      joinMissed: kept.joinMissed + (sums[NODE_COUNTERS.joinMissed / 8] ?? 0),
      joinAmbiguous: kept.joinAmbiguous + (sums[NODE_COUNTERS.joinAmbiguous / 8] ?? 0),
      unselected: kept.unselected + (sums[NODE_COUNTERS.unselected / 8] ?? 0),
      postponed: kept.postponed + (sums[NODE_COUNTERS.postponed / 8] ?? 0),
      takenOver: kept.takenOver + (sums[NODE_COUNTERS.takenOver / 8] ?? 0),
      lostUnknown: kept.lostUnknown + unknown.ringFull + unknown.tooManyConnections + unknown.storageUnavailable,
      missedStateChanges: kept.missedStateChanges + counters.missedRuns(),
      openConnections: Number(open[0] ?? 0n),
    };
  }

  #keep(set: number, captures: readonly number[]): void {
    const counts = this.#ofSet(set);
    for (const capture of captures) this.#kept.set(capture, plus(this.#kept.get(capture), counts));
  }

  #ofSet(set: number): SetCounts {
    return minus(this.#read(set), this.#former.get(set));
  }

  #read(set: number): SetCounts {
    if (this.#counters === undefined) return NO_COUNTS;
    const sums = this.#counters.ledger.sumPerCpu(u32Key(set), LEDGER_ENTRY.size / 8);
    return mapRecord(COUNTED, (at) => sums[at / 8] ?? 0);
  }
}

function totalsOf({ observed, direction, peer, sampledOut, ...lost }: SetCounts): KernelTotals {
  return { observed, filtered: { direction, peer }, sampledOut, lost };
}

function plus(a: SetCounts = NO_COUNTS, b: SetCounts = NO_COUNTS): SetCounts {
  return mapRecord(COUNTED, (_, name) => a[name] + b[name]);
}

function minus(a: SetCounts, b: SetCounts = NO_COUNTS): SetCounts {
  return mapRecord(COUNTED, (_, name) => a[name] - b[name]);
}

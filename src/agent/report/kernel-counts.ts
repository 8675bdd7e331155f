/** Reads what the kernel program has counted: per set of captures, and for the node as a whole. */
import type { KernelTotals } from '../../export/ledger.ts';
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

/** Running totals of what the kernel counted for one set. */
interface SetCounts {
  readonly observed: number;
  readonly ringFull: number;
  readonly tooManyConnections: number;
  readonly storageUnavailable: number;
}

/** Events that concern no capture in particular; running totals, `openConnections` as it is now. */
export interface NodeCounts {
  /** Records whose far side is the other half's kernel identity. */
  readonly joined: number;
  /** The entry where both ends meet was taken over before its first half came back for the second. */
  readonly joinMissed: number;
  /** A third half came with the same flow id: not joined. */
  readonly joinAmbiguous: number;
  /** Connections that no capture selected any more when they ended. */
  readonly unselected: number;
  /** Records lost before it was known whose they are. */
  readonly lostUnknown: number;
  /** State changes that the kernel did not show: the program was running on that CPU. Whose they were is not known. */
  readonly missedStateChanges: number;
  /** Tracked connections that have not ended: they are not observed yet. */
  readonly openConnections: number;
}

const UNKNOWN_SET_ENTRY = 0;

export class KernelCounts {
  readonly #counters: KernelCounters;
  readonly #sets: CaptureSets;
  readonly #captures: number;

  constructor(counters: KernelCounters, sets: CaptureSets, captures: number) {
    this.#counters = counters;
    this.#sets = sets;
    this.#captures = captures;
  }

  /**
   * Totals by capture, in the plan's order. `provisional`: by capture, records of connections that the kernel counted
   * for nobody and that were found to be the capture's.
   */
  byCapture(provisional: ReadonlyMap<number, number>): KernelTotals[] {
    const totals = Array.from({ length: this.#captures }, (_, capture) => ({
      observed: provisional.get(capture) ?? 0,
      lost: { ringFull: 0, tooManyConnections: 0, storageUnavailable: 0 },
    }));
    for (let set = 1; set <= this.#sets.size; set++) {
      const counts = this.#ofSet(set);
      for (const capture of this.#sets.capturesOf(set)) {
        const total = totals[capture];
        if (total === undefined) continue;
        total.observed += counts.observed;
        total.lost.ringFull += counts.ringFull;
        total.lost.tooManyConnections += counts.tooManyConnections;
        total.lost.storageUnavailable += counts.storageUnavailable;
      }
    }
    return totals;
  }

  node(): NodeCounts {
    const sums = this.#counters.nodeCounters.sumPerCpu(u32Key(0), NODE_COUNTERS.size / 8);
    const unknown = this.#ofSet(UNKNOWN_SET_ENTRY);
    const open = new BigUint64Array(1);
    this.#counters.connectionCount.lookup(u32Key(0), new Uint8Array(open.buffer));
    return {
      joined: sums[NODE_COUNTERS.joined / 8] ?? 0,
      joinMissed: sums[NODE_COUNTERS.joinMissed / 8] ?? 0,
      joinAmbiguous: sums[NODE_COUNTERS.joinAmbiguous / 8] ?? 0,
      unselected: sums[NODE_COUNTERS.unselected / 8] ?? 0,
      lostUnknown: unknown.ringFull + unknown.tooManyConnections + unknown.storageUnavailable,
      missedStateChanges: this.#counters.missedRuns(),
      openConnections: Number(open[0] ?? 0n),
    };
  }

  #ofSet(set: number): SetCounts {
    const sums = this.#counters.ledger.sumPerCpu(u32Key(set), LEDGER_ENTRY.size / 8);
    return {
      observed: sums[LEDGER_ENTRY.observed / 8] ?? 0,
      ringFull: sums[LEDGER_ENTRY.lostRingFull / 8] ?? 0,
      tooManyConnections: sums[LEDGER_ENTRY.lostTooManyConnections / 8] ?? 0,
      storageUnavailable: sums[LEDGER_ENTRY.lostStorageUnavailable / 8] ?? 0,
    };
  }
}

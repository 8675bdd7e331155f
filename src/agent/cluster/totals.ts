import type { CaptureReport, ExportReport } from '../../api/types.generated.ts';
import type { Account } from '../../export/ledger.ts';
import { sum } from '../../export/ledger.ts';
import type { ExportAccount } from '../export/exports.ts';
import type { AgentReport } from '../lifecycle.ts';
import type { AgentStatus } from './standing.ts';

/** The counters of one capture, as a FlowAgent has them. */
export interface FlowTotals {
  readonly observed: number;
  readonly exported: number;
  readonly filtered: number;
  readonly sampledOut: number;
  readonly lost: number;
}

export interface DeliveryTotals {
  readonly delivered: number;
  readonly dropped: number;
}

const NO_FLOWS: FlowTotals = { observed: 0, exported: 0, filtered: 0, sampledOut: 0, lost: 0 };
const NO_DELIVERIES: DeliveryTotals = { delivered: 0, dropped: 0 };

/**
 * From this process' counts to a FlowAgent's, which go from the object's creation on: they outlive processes, and begin anew
 * with an object that takes the place of another.
 */
export class Totals {
  #uid: string | undefined;
  #captures: ReadonlyMap<string, CaptureReport> = new Map();
  #exports: ReadonlyMap<string, ExportReport> = new Map();
  /** What this process had counted for an object before: by the account's index, which no later account has. */
  #flowsBefore: ReadonlyMap<number, FlowTotals> = new Map();
  #deliveriesBefore: ReadonlyMap<number, DeliveryTotals> = new Map();

  /** The FlowAgent of this uid is reported to from now on; the same one again changes nothing. */
  begin(uid: string, status: AgentStatus, { accounts, exports }: AgentReport): void {
    if (uid === this.#uid) return;
    // What was counted before the first object was known was counted for it: its programs began a moment ago.
    if (this.#uid !== undefined) {
      this.#flowsBefore = new Map(accounts.map((account) => [account.index, totalsOf(account)]));
      this.#deliveriesBefore = new Map(exports.map((account) => [account.index, account]));
    }
    this.#uid = uid;
    this.#captures = new Map(status.captures?.map((row) => [row.uid, row]));
    this.#exports = new Map(status.exports?.map((row) => [row.uid, row]));
  }

  /** Rows that the object had before this process, or before this object was reported to. */
  get formerCaptures(): readonly CaptureReport[] {
    return [...this.#captures.values()];
  }

  get formerExports(): readonly ExportReport[] {
    return [...this.#exports.values()];
  }

  /** @param account undefined where this process has none. */
  flows(uid: string, account: Account | undefined): FlowTotals {
    const former = reportedFlows(this.#captures.get(uid));
    if (account === undefined) return former;
    const counted = minusFlows(totalsOf(account), this.#flowsBefore.get(account.index) ?? NO_FLOWS);
    return plusFlows(former, counted);
  }

  deliveries(uid: string, account: ExportAccount | undefined): DeliveryTotals {
    const { delivered = 0, dropped = 0 } = this.#exports.get(uid) ?? {};
    if (account === undefined) return { delivered, dropped };
    const before = this.#deliveriesBefore.get(account.index) ?? NO_DELIVERIES;
    return {
      delivered: delivered + account.delivered - before.delivered,
      dropped: dropped + account.dropped - before.dropped,
    };
  }
}

/** Its counters alone: the rate of an earlier process is none of this one's. */
function reportedFlows({ flows }: Partial<CaptureReport> = {}): FlowTotals {
  const { observed = 0, exported = 0, filtered = 0, sampledOut = 0, lost = 0 } = flows ?? {};
  return { observed, exported, filtered, sampledOut, lost };
}

function totalsOf({ observed, exported, filtered, sampledOut, lost }: Account): FlowTotals {
  return { observed, exported, filtered: sum(filtered), sampledOut, lost: sum(lost) };
}

function plusFlows(a: FlowTotals, b: FlowTotals): FlowTotals {
  return {
    observed: a.observed + b.observed,
    exported: a.exported + b.exported,
    filtered: a.filtered + b.filtered,
    sampledOut: a.sampledOut + b.sampledOut,
    lost: a.lost + b.lost,
  };
}

function minusFlows(a: FlowTotals, b: FlowTotals): FlowTotals {
  return {
    observed: a.observed - b.observed,
    exported: a.exported - b.exported,
    filtered: a.filtered - b.filtered,
    sampledOut: a.sampledOut - b.sampledOut,
    lost: a.lost - b.lost,
  };
}

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
  #flows = new Map<string, FlowTotals>();
  #deliveries = new Map<string, DeliveryTotals>();
  #captures: readonly CaptureReport[] = [];
  #exports: readonly ExportReport[] = [];

  /** The FlowAgent of this uid is reported to from now on; the same one again changes nothing. */
  begin(uid: string, status: AgentStatus, { accounts, exports }: AgentReport): void {
    if (uid === this.#uid) return;
    this.#uid = uid;
    this.#captures = status.captures ?? [];
    this.#exports = status.exports ?? [];
    const flowsBefore = new Map(this.#captures.map(({ uid: of, flows }) => [of, { ...NO_FLOWS, ...flows }]));
    const deliveriesBefore = new Map(
      this.#exports.map(({ uid: of, delivered = 0, dropped = 0 }) => [of, { delivered, dropped }]),
    );
    this.#flows = flowsBefore;
    this.#deliveries = deliveriesBefore;
    for (const account of accounts) {
      const of = account.uid ?? '';
      this.#flows.set(of, minusFlows(flowsBefore.get(of) ?? NO_FLOWS, totalsOf(account)));
    }
    for (const { uid: of = '', delivered, dropped } of exports) {
      const before = deliveriesBefore.get(of) ?? NO_DELIVERIES;
      this.#deliveries.set(of, { delivered: before.delivered - delivered, dropped: before.dropped - dropped });
    }
  }

  /** Rows that the object had before this process, or before this object was reported to. */
  get formerCaptures(): readonly CaptureReport[] {
    return this.#captures;
  }

  get formerExports(): readonly ExportReport[] {
    return this.#exports;
  }

  /** @param account undefined where this process has none. */
  flows(uid: string, account: Account | undefined): FlowTotals {
    const before = this.#flows.get(uid) ?? NO_FLOWS;
    return account === undefined ? before : plusFlows(before, totalsOf(account));
  }

  deliveries(uid: string, account: ExportAccount | undefined): DeliveryTotals {
    const { delivered, dropped } = this.#deliveries.get(uid) ?? NO_DELIVERIES;
    return { delivered: delivered + (account?.delivered ?? 0), dropped: dropped + (account?.dropped ?? 0) };
  }
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

import type { CaptureReport, ExportReport } from '../../api/types.generated.ts';
import type { Account } from '../../export/ledger.ts';
import { sum } from '../../export/ledger.ts';
import type { ExportAccount } from '../export/exports.ts';
import type { AgentReport } from '../lifecycle.ts';
import type { DeliveryTotals, FlowTotals, SavedTotals } from '../restart/saved-totals.ts';
import type { AgentStatus } from './standing.ts';

const NO_FLOWS: FlowTotals = { observed: 0, exported: 0, filtered: 0, sampledOut: 0, lost: 0 };
const NO_DELIVERIES: DeliveryTotals = { delivered: 0, dropped: 0 };

/**
 * From this process' counts to a FlowAgent's, which go from the object's creation on: they outlive processes, and begin anew
 * with an object that takes the place of another.
 */
export class Totals {
  #uid: string | undefined;
  #captures: readonly CaptureReport[] = [];
  #exports: readonly ExportReport[] = [];
  /** What the object had before anything of this process' counts: by the uid of the capture or export. */
  #flows: ReadonlyMap<string, FlowTotals> = new Map();
  #deliveries: ReadonlyMap<string, DeliveryTotals> = new Map();
  /** What this process had counted for an object before: by the account's index, which no later account has. */
  #flowsBefore: ReadonlyMap<number, FlowTotals> = new Map();
  #deliveriesBefore: ReadonlyMap<number, DeliveryTotals> = new Map();

  /**
   * The FlowAgent of this uid is reported to from now on; the same one again changes nothing.
   * @param saved of the process whose counts this one goes on with; undefined: it counts from zero.
   */
  begin(uid: string, status: AgentStatus, { accounts, exports }: AgentReport, saved?: SavedTotals): void {
    if (uid === this.#uid) return;
    const goesOn = this.#uid === undefined && saved?.uid === uid;
    // What was counted before the first object was known was counted for it: its programs began a moment ago.
    const isAnother = this.#uid !== undefined || (saved !== undefined && !goesOn);
    this.#uid = uid;
    this.#captures = status.captures ?? [];
    this.#exports = status.exports ?? [];
    const flows = this.#captures.map((row) => [row.uid, reportedFlows(row)] as const);
    const deliveries = this.#exports.map((row) => [row.uid, reportedDeliveries(row)] as const);
    if (saved !== undefined && goesOn) {
      // What the object says of an account was counted in it.
      this.#flows = new Map([...flows.filter(([of]) => !hasAccount(accounts, of)), ...saved.flows]);
      this.#deliveries = new Map([...deliveries.filter(([of]) => !hasAccount(exports, of)), ...saved.deliveries]);
      this.#flowsBefore = new Map(saved.flowsBefore);
      this.#deliveriesBefore = new Map(saved.deliveriesBefore);
      return;
    }
    this.#flows = new Map(flows);
    this.#deliveries = new Map(deliveries);
    if (!isAnother) return;
    this.#flowsBefore = new Map(accounts.map((account) => [account.index, totalsOf(account)]));
    this.#deliveriesBefore = new Map(exports.map(({ index, delivered, dropped }) => [index, { delivered, dropped }]));
  }

  /** Undefined before the first object. */
  get saved(): SavedTotals | undefined {
    return this.#uid === undefined
      ? undefined
      : {
          uid: this.#uid,
          flows: [...this.#flows],
          deliveries: [...this.#deliveries],
          flowsBefore: [...this.#flowsBefore],
          deliveriesBefore: [...this.#deliveriesBefore],
        };
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
    const former = this.#flows.get(uid) ?? NO_FLOWS;
    if (account === undefined) return former;
    const counted = minusFlows(totalsOf(account), this.#flowsBefore.get(account.index) ?? NO_FLOWS);
    return plusFlows(former, counted);
  }

  deliveries(uid: string, account: ExportAccount | undefined): DeliveryTotals {
    const { delivered, dropped } = this.#deliveries.get(uid) ?? NO_DELIVERIES;
    if (account === undefined) return { delivered, dropped };
    const before = this.#deliveriesBefore.get(account.index) ?? NO_DELIVERIES;
    return {
      delivered: delivered + account.delivered - before.delivered,
      dropped: dropped + account.dropped - before.dropped,
    };
  }
}

function hasAccount(accounts: readonly { readonly uid: string | undefined }[], uid: string): boolean {
  return accounts.some((account) => account.uid === uid);
}

/** Its counters alone: the rate of an earlier process is none of this one's. */
function reportedFlows({ flows }: CaptureReport): FlowTotals {
  const { observed = 0, exported = 0, filtered = 0, sampledOut = 0, lost = 0 } = flows ?? {};
  return { observed, exported, filtered, sampledOut, lost };
}

function reportedDeliveries({ delivered = 0, dropped = 0 }: ExportReport): DeliveryTotals {
  return { delivered, dropped };
}

/** What came twice was observed twice, so that here too the one side of the balance is the other. */
function totalsOf({ observed, redelivered, exported, filtered, sampledOut, lost }: Account): FlowTotals {
  return { observed: observed + redelivered, exported, filtered: sum(filtered), sampledOut, lost: sum(lost) };
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

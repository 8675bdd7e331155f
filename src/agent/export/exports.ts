import { add, type CountRows, memoryRows, moveRows } from '../../export/count-rows.ts';
import { Exporter, type ExporterOptions } from '../../export/exporter.ts';
import { lateSink } from '../../export/late-sink.ts';
import type { Outcome } from '../../export/outcome.ts';
import type { FlowTaker } from '../../export/router.ts';
import type { Sink } from '../../export/sink.ts';
import type { WeirError } from '../../lib/errors.ts';
import type { Timers } from '../../lib/timers.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import type { PlanExport } from '../../plan/plan.ts';
import type { Flow } from '../../record/flow.ts';
import type { OfferedFlows } from '../restart/unsettled.ts';

/** What a row of an export's counts holds, in this order. */
export const EXPORT_COLUMNS: readonly string[] = ['delivered', 'dropped', 'lastDelivered'];
const [DELIVERED, DROPPED, LAST_DELIVERED] = [0, 1, 2];

/** An export by the number of its account. */
export interface NamedExport {
  readonly index: number;
  readonly name: string;
  readonly uid: string | undefined;
}

export interface ExportsOptions {
  /** Opens the sink of an export. @throws WeirError */
  readonly open: (target: PlanExport) => Promise<Sink>;
  readonly exporter: ExporterOptions;
  /** How long an export that is not wanted any more may take to empty its queue. */
  readonly drainMillis: number;
  /** Pause before a sink that could not be opened is tried again. */
  readonly reopenMillis: number;
  readonly timers: Timers;
  /** ms since the epoch. */
  readonly now: () => number;
  /** How flows ended at the export of that index; each that was offered is told exactly once. */
  readonly settled: (index: number, flows: readonly Flow[], outcome: Outcome) => void;
  /** Follows what an exporter has not settled yet. */
  readonly follow: () => OfferedFlows;
  /** A sink could not be opened, gave a batch up, or did not close. */
  readonly failed: (name: string, error: WeirError) => void;
  /** An export has delivered for the first time, fails, or does not fail any more. */
  readonly stateChanged: () => void;
}

/** What became of the flows of one export. */
export interface ExportAccount {
  readonly index: number;
  /** `namespace/name`. */
  readonly name: string;
  /** Which object of that name; undefined for one out of a file. */
  readonly uid: string | undefined;
  readonly delivered: number;
  readonly dropped: number;
  /** Flows that wait or are being written. */
  readonly backlog: number;
  /** ms since the epoch; 0 before the first. */
  readonly lastDelivered: number;
  /** Why the latest try failed; undefined where it did not, or there was none yet. */
  readonly failure: WeirError | undefined;
}

interface Entry {
  name: string;
  readonly uid: string | undefined;
  spec: string;
  /** Undefined: it is in the plan no more. */
  exporter: Exporter | undefined;
  taker: FlowTaker | undefined;
  /** By EXPORT_COLUMNS. */
  counts: Float64Array;
  failure: WeirError | undefined;
}

/** The exporters of the plan that holds now; one whose spec has changed, or that has left it, empties its queue by itself. */
export class Exports {
  readonly #options: ExportsOptions;
  readonly #entries = new Map<number, Entry>();
  readonly #leaving = new Set<Promise<void>>();
  #rows: CountRows = memoryRows(EXPORT_COLUMNS.length);

  constructor(options: ExportsOptions) {
    this.#options = options;
  }

  adopt(targets: readonly PlanExport[]): void {
    const wanted = new Set(targets.map(({ index }) => index));
    for (const [index, entry] of this.#entries) if (!wanted.has(index)) this.#leave(entry);
    for (const target of targets) this.#begin(target);
  }

  /** Whoever takes flows for the export of that index. */
  exporter(index: number): FlowTaker | undefined {
    return this.#entries.get(index)?.taker;
  }

  /** Those that have left the plan and are not forgotten, the longest ended first; then the plan's, in its order. */
  accounts(): ExportAccount[] {
    return Array.from(this.#entries, ([index, { name, uid, exporter, counts, failure }]) => ({
      index,
      name,
      uid,
      delivered: counts[DELIVERED] ?? 0,
      dropped: counts[DROPPED] ?? 0,
      backlog: exporter?.backlog ?? 0,
      lastDelivered: counts[LAST_DELIVERED] ?? 0,
      failure,
    }));
  }

  /** Those that have an account, as `accounts`. */
  get names(): NamedExport[] {
    return Array.from(this.#entries, ([index, { name, uid }]) => ({ index, name, uid }));
  }

  /** Nobody asks for this export's account any more. */
  forget(index: number): void {
    const entry = this.#entries.get(index);
    // Its exporter may still empty its queue, and the row will be another's.
    if (entry !== undefined) entry.counts = entry.counts.slice();
    this.#entries.delete(index);
    this.#rows.forget(index);
  }

  /** From now on the counts stand there. */
  moveTo(rows: CountRows): void {
    moveRows(this.#entries, rows);
    this.#rows = rows;
  }

  /** Goes on with the accounts of an earlier process, whose counts stand there. Of exports that have none yet. */
  restore(exports: readonly NamedExport[], rows: CountRows): void {
    this.#rows = rows;
    for (const { index, name, uid } of exports) {
      const counts = rows.row(index);
      this.#entries.set(index, {
        name,
        uid,
        spec: '',
        exporter: undefined,
        taker: undefined,
        counts,
        failure: undefined,
      });
    }
  }

  /** Empties every queue and closes every sink, within the time of an export that leaves. */
  async drain(): Promise<void> {
    this.adopt([]);
    await Promise.all(this.#leaving);
  }

  #begin(target: PlanExport): void {
    const { index, name, uid } = target;
    const spec = canonicalJson(target.spec);
    const known = this.#entries.get(index);
    if (known !== undefined) {
      this.#entries.delete(index);
      this.#entries.set(index, known);
    }
    if (known?.exporter !== undefined && known.spec === spec) return;
    if (known !== undefined) this.#leave(known);
    const entry = known ?? {
      name,
      uid,
      spec,
      exporter: undefined,
      taker: undefined,
      counts: this.#rows.row(index),
      failure: undefined,
    };
    Object.assign(entry, { name, spec, failure: undefined });
    this.#enter(target, entry);
    this.#entries.set(index, entry);
  }

  #enter(target: PlanExport, entry: Entry): void {
    const { open, exporter, reopenMillis, timers, now, settled, follow, failed, stateChanged } = this.#options;
    const unsettled = follow();
    // A sink that was replaced still speaks of its last batches, and no more of how the export is.
    const isCurrent = () => entry.exporter === undefined || entry.exporter === made;
    const fail = (error: WeirError) => {
      const isNew = isCurrent() && entry.failure?.message !== error.message;
      if (isCurrent()) entry.failure = error;
      failed(target.name, error);
      if (isNew) stateChanged();
    };
    const well = () => {
      if (!isCurrent() || entry.failure === undefined) return;
      entry.failure = undefined;
      stateChanged();
    };
    const sink = lateSink({ open: () => open(target), timers, retryMillis: reopenMillis, opened: well, failed: fail });
    const settle = (flows: readonly Flow[], outcome: Outcome) => {
      if (outcome === 'delivered') {
        const isFirst = entry.counts[DELIVERED] === 0;
        add(entry.counts, DELIVERED, flows.length);
        entry.counts[LAST_DELIVERED] = now();
        well();
        if (isFirst) stateChanged();
      } else add(entry.counts, DROPPED, flows.length);
      settled(target.index, flows, outcome);
      unsettled.settled(
        flows.length,
        outcome === 'queueFull' && exporter.onFull === 'DropNewest' ? 'newest' : 'oldest',
      );
    };
    const made = new Exporter(sink, exporter, { settled: settle, failed: fail }, timers);
    entry.exporter = made;
    entry.taker = {
      offer(flow) {
        unsettled.offered();
        made.offer(flow);
      },
    };
  }

  #leave(entry: Entry): void {
    const { exporter } = entry;
    if (exporter === undefined) return;
    entry.exporter = undefined;
    entry.taker = undefined;
    entry.failure = undefined;
    const drained = exporter.drain(this.#options.drainMillis).finally(() => this.#leaving.delete(drained));
    this.#leaving.add(drained);
  }
}

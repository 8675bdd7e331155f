import { WeirError } from '../lib/errors.ts';
import { mapRecord } from '../lib/map-record.ts';
import type { Flow } from '../record/flow.ts';
import { add, type CountRows, memoryRows, moveRows } from './count-rows.ts';
import {
  FILTER_REASONS,
  type FilterReason,
  KERNEL_FILTERS,
  KERNEL_LOSSES,
  type KernelFilter,
  type KernelLoss,
  LOSS_REASONS,
  type LossReason,
  type Outcome,
} from './outcome.ts';
import type { Route, RouteTable } from './routes.ts';

/** What a row of a capture's counts holds, in this order. */
export const LEDGER_COLUMNS: readonly string[] = [
  'exported',
  'sampledOut',
  'lastMicros',
  'redelivered',
  'provisional',
  ...Object.keys(LOSS_REASONS).map((reason) => `lost.${reason}`),
  ...Object.keys(FILTER_REASONS).map((reason) => `filtered.${reason}`),
];

const AT = {
  exported: LEDGER_COLUMNS.indexOf('exported'),
  sampledOut: LEDGER_COLUMNS.indexOf('sampledOut'),
  lastMicros: LEDGER_COLUMNS.indexOf('lastMicros'),
  redelivered: LEDGER_COLUMNS.indexOf('redelivered'),
  provisional: LEDGER_COLUMNS.indexOf('provisional'),
  lost: mapRecord(LOSS_REASONS, (_, reason) => LEDGER_COLUMNS.indexOf(`lost.${reason}`)),
  filtered: mapRecord(FILTER_REASONS, (_, reason) => LEDGER_COLUMNS.indexOf(`filtered.${reason}`)),
} as const;

/** A capture by the number of its account. */
export interface NamedCapture {
  readonly index: number;
  readonly name: string;
  readonly uid: string | undefined;
}

/** What the kernel counted of a capture since the start: running totals. All else is part of `observed`. */
export interface KernelTotals {
  readonly observed: number;
  readonly filtered: Readonly<Record<KernelFilter, number>>;
  readonly sampledOut: number;
  readonly lost: Readonly<Record<KernelLoss, number>>;
}

/** One capture's account. `observed` is the kernel's count, all else but its own losses is this process' count. */
export interface Account {
  /** How sets and routes refer to the capture. */
  readonly index: number;
  /** `namespace/name`. */
  readonly capture: string;
  /** Which object of that name; undefined for one out of a file. */
  readonly uid: string | undefined;
  readonly observed: number;
  /** Read from the ring once more after a process was killed, and so in one of the other counts twice. */
  readonly redelivered: number;
  readonly exported: number;
  readonly sampledOut: number;
  readonly filtered: Readonly<Record<FilterReason, number>>;
  readonly lost: Readonly<Record<LossReason, number>>;
  /** Handed to exports, outcome not known yet. */
  readonly inFlight: number;
  /** observed + redelivered − exported − sampledOut − filtered − lost − inFlight: 0 after a drain, or the ledger does not balance. */
  readonly unaccounted: number;
  /** End of the latest flow, microseconds since the epoch; 0 before the first. */
  readonly lastMicros: number;
}

/** A flow of captures with several exports, until each of these captures is settled. */
interface Pending {
  readonly captures: readonly number[];
  /** By position in `captures`: exports still to deliver, 0 once the capture is settled. */
  readonly waiting: number[];
}

/**
 * Where every observed flow is accounted for, per capture: observed = exported + filtered + sampled out + lost(reason).
 * What a killed process had accounted for and the next one reads again counts as redelivered, on the left.
 *
 * A capture counts a flow as exported when every one of its exports delivered it, and as lost with the reason that came
 * first otherwise. A capture without exports keeps nothing back from anybody: its flows count as exported at once.
 */
export class Ledger {
  readonly #table: RouteTable;
  /** By the capture's index; those that have left the plan stay until they are forgotten. */
  readonly #entries = new Map<number, Entry>();
  #rows: CountRows = memoryRows(LEDGER_COLUMNS.length);
  #kernel: ReadonlyMap<number, KernelTotals> = new Map();
  /** By export; a flow is in it only while it waits in that export's queue, so the queues bound it. */
  readonly #pending: Map<number, Map<Flow, Pending>> = new Map();

  constructor(table: RouteTable) {
    this.#table = table;
    this.adopt();
  }

  /** The table has adopted another plan: its captures have an account from now on, those of before keep theirs. */
  adopt(): void {
    for (const { index, name, uid } of this.#table.captures) {
      const entry = this.#entry(index);
      this.#entries.delete(index);
      this.#entries.set(index, Object.assign(entry, { name, uid }));
    }
  }

  /** Nobody asks for this capture's account any more. */
  forget(capture: number): void {
    this.#entries.delete(capture);
    this.#rows.forget(capture);
  }

  /** From now on the counts stand there. */
  moveTo(rows: CountRows): void {
    moveRows(this.#entries, rows);
    this.#rows = rows;
  }

  /** Goes on with the accounts of an earlier process, whose counts stand there. Of a ledger that has none yet. */
  restore(captures: readonly NamedCapture[], rows: CountRows): void {
    this.#rows = rows;
    for (const { index, name, uid } of captures) Object.assign(this.#entry(index), { name, uid });
  }

  /** Those that have an account, as `accounts`. */
  get captures(): NamedCapture[] {
    return Array.from(this.#entries, ([index, { name, uid }]) => ({ index, name, uid }));
  }

  /** A flow goes its way. @param flow any of its copies. @param flows what each of the route's legs gets, in the order of the legs. */
  open(route: Route, flow: Flow, flows: readonly Flow[]): void {
    for (const capture of route.captures) {
      const entry = this.#entry(capture);
      entry.opened++;
      if (flow.end > (entry.counts[AT.lastMicros] ?? 0)) entry.counts[AT.lastMicros] = flow.end;
    }
    for (const capture of route.unexported) {
      const entry = this.#entry(capture);
      add(entry.counts, AT.exported);
      entry.settled++;
    }
    if (route.ended.length > 0) this.filtered(route.ended, 'captureEnded');
    if (route.joint.length > 0) this.#await(route, flows);
  }

  /** The end of a flow at one export. @throws WeirError Internal when this ledger did not open it for that export. */
  settle(flow: Flow, exportIndex: number, outcome: Outcome): void {
    const feeders = this.#table.feeders(flow.capture);
    if (feeders === undefined) throw unknownFlow(exportIndex);
    for (const capture of feeders.sole) this.#close(capture, outcome);
    if (feeders.joint.length > 0) this.#settleJoint(flow, exportIndex, feeders.joint, outcome);
  }

  /** A flow that the kernel observed for these captures is not theirs. */
  filtered(captures: readonly number[], reason: FilterReason): void {
    for (const capture of captures) {
      // Of a forgotten one nobody keeps an account any more.
      const entry = this.#entries.get(capture);
      if (entry !== undefined) add(entry.counts, AT.filtered[reason]);
    }
  }

  /** A flow of these captures that their sampling passes over. */
  sampledOut(captures: readonly number[]): void {
    for (const capture of captures) add(this.#entry(capture).counts, AT.sampledOut);
  }

  /** Flows of these captures, one by default, were lost before they were opened. */
  lost(captures: readonly number[], reason: LossReason, count = 1): void {
    for (const capture of captures) add(this.#entry(capture).counts, AT.lost[reason], count);
  }

  /** So many flows of the capture, which are accounted for, come once more. */
  redelivered(capture: number, count: number): void {
    add(this.#entry(capture).counts, AT.redelivered, count);
  }

  /** A flow that the kernel counted for nobody, and these captures observed after all, will not be read again. */
  provisional(captures: readonly number[]): void {
    for (const capture of captures) add(this.#entry(capture).counts, AT.provisional);
  }

  /** By capture, of all processes so far: how often `provisional` was said. */
  get provisionals(): Map<number, number> {
    return new Map(Array.from(this.#entries, ([index, { counts }]) => [index, counts[AT.provisional] ?? 0]));
  }

  /** The kernel's counts so far, by capture; they replace those of before. */
  observedTotals(totals: ReadonlyMap<number, KernelTotals>): void {
    this.#kernel = totals;
  }

  /** Those that have left the plan first, the longest ended before the others; then the plan's, in its order. */
  accounts(): Account[] {
    return Array.from(this.#entries, ([index, entry]) => this.#account(index, entry));
  }

  /** The captures whose two counts disagree. Empty after a drain, or something was lost without a number. */
  imbalance(): Account[] {
    return this.accounts().filter((account) => account.unaccounted !== 0 || account.inFlight !== 0);
  }

  #await(route: Route, flows: readonly Flow[]): void {
    const waiting = route.joint.map((capture) => this.#table.exportsOf(capture).length);
    const pending = { captures: route.joint, waiting };
    for (const [index, { exportIndex, names }] of route.legs.entries()) {
      const flow = flows[index];
      if (flow === undefined || this.#table.feeders(names)?.joint.length === 0) continue;
      const ofExport = this.#pending.get(exportIndex) ?? new Map<Flow, Pending>();
      this.#pending.set(exportIndex, ofExport.set(flow, pending));
    }
  }

  #settleJoint(flow: Flow, exportIndex: number, captures: readonly number[], outcome: Outcome): void {
    const ofExport = this.#pending.get(exportIndex);
    const pending = ofExport?.get(flow);
    if (pending === undefined) throw unknownFlow(exportIndex);
    ofExport?.delete(flow);
    for (const capture of captures) {
      const at = pending.captures.indexOf(capture);
      const waiting = pending.waiting[at] ?? 0;
      if (waiting === 0) continue;
      pending.waiting[at] = outcome === 'delivered' ? waiting - 1 : 0;
      if (pending.waiting[at] === 0) this.#close(capture, outcome);
    }
  }

  #close(capture: number, outcome: Outcome): void {
    const entry = this.#entry(capture);
    entry.settled++;
    add(entry.counts, outcome === 'delivered' ? AT.exported : AT.lost[outcome]);
  }

  #entry(capture: number): Entry {
    const known = this.#entries.get(capture);
    if (known !== undefined) return known;
    const made = { name: '', uid: undefined, opened: 0, settled: 0, counts: this.#rows.row(capture) };
    this.#entries.set(capture, made);
    return made;
  }

  #account(index: number, { name, uid, opened, settled, counts }: Entry): Account {
    const kernel = this.#kernel.get(index);
    const lost = mapRecord(AT.lost, (at) => counts[at] ?? 0);
    for (const reason of KERNEL_LOSSES) lost[reason] += kernel?.lost[reason] ?? 0;
    const filtered = mapRecord(AT.filtered, (at) => counts[at] ?? 0);
    for (const reason of KERNEL_FILTERS) filtered[reason] += kernel?.filtered[reason] ?? 0;
    const balance = {
      observed: kernel?.observed ?? 0,
      redelivered: counts[AT.redelivered] ?? 0,
      exported: counts[AT.exported] ?? 0,
      sampledOut: (counts[AT.sampledOut] ?? 0) + (kernel?.sampledOut ?? 0),
      filtered,
      lost,
      inFlight: opened - settled,
    };
    const known = balance.exported + balance.sampledOut + sum(filtered) + sum(lost) + balance.inFlight;
    return {
      index,
      capture: name,
      uid,
      ...balance,
      unaccounted: balance.observed + balance.redelivered - known,
      lastMicros: counts[AT.lastMicros] ?? 0,
    };
  }
}

interface Entry {
  name: string;
  uid: string | undefined;
  /** Flows that went their way in this process, and those of them whose end is known. */
  opened: number;
  settled: number;
  /** By LEDGER_COLUMNS. */
  counts: Float64Array;
}

/** The sum of the counts of every reason. */
export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function unknownFlow(exportIndex: number): WeirError {
  return new WeirError('Internal', `export ${exportIndex} settled a flow that was never opened for it, or twice`);
}

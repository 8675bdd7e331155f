/**
 * What of a capture outlives the agent's process, and how the next one goes on with it: the program and its maps by pins, what
 * their numbers mean and what became of the records by the journal, and what nobody has settled by the ring itself.
 */

import { memoryRows } from '../../export/count-rows.ts';
import type { Ledger, NamedCapture } from '../../export/ledger.ts';
import { LEDGER_COLUMNS } from '../../export/ledger.ts';
import { WeirError } from '../../lib/errors.ts';
import type { CaptureSets } from '../../plan/sets.ts';
import type { Slots, SlotsState } from '../../plan/slots.ts';
import { EXPORT_COLUMNS, type Exports, type NamedExport } from '../export/exports.ts';
import { Libbpf } from '../load/libbpf.ts';
import { type Mapping, mapShared, monotonicNanos } from '../load/libc.ts';
import { adoptTcpProgram, type TcpProgramOptions, tcpProgramVersion } from '../load/load-tcp.ts';
import type { Pins } from '../load/pins.ts';
import { PARTS } from '../load/tcp-parts.ts';
import type { TcpProgram } from '../load/tcp-program.ts';
import { mapRing } from '../read/pages.ts';
import { RingReader } from '../read/ring.ts';
import type { KernelCounts, KernelCountsState } from '../report/kernel-counts.ts';
import type { Intake } from '../select/intake.ts';
import { countedSoFar } from './counted.ts';
import { Journal } from './journal.ts';
import type { SavedTotals } from './saved-totals.ts';
import { Unsettled } from './unsettled.ts';

/** How long the programs go on without an agent: longer than any restart, crash loops and slow image pulls included. */
const LEASE_MILLIS = 600_000;
/** The lease is never shorter than this by much less than its whole. */
export const RENEW_MILLIS = 30_000;
const NANOS_PER_MILLI = 1_000_000;
const JOURNAL_BYTES = 256 * 4096;
/** Of what user space writes into the journal, beside its columns. */
const JOURNAL_VERSION = 1;
const READER = JSON.stringify([JOURNAL_VERSION, LEDGER_COLUMNS, EXPORT_COLUMNS]);
const LAYOUT = { captureColumns: LEDGER_COLUMNS.length, exportColumns: EXPORT_COLUMNS.length } as const;

/** The text of the journal: what numbers mean, in the kernel's maps, in the ring and in the journal's rows. */
interface Text {
  readonly slots: SlotsState;
  readonly sets: readonly (readonly number[])[];
  readonly captures: readonly NamedCapture[];
  readonly exports: readonly NamedExport[];
  readonly counts: KernelCountsState;
  readonly totals?: SavedTotals | undefined;
}

export interface ContinuityOptions {
  readonly pins: Pins;
  readonly limits: TcpProgramOptions;
  readonly slots: Slots;
  readonly sets: CaptureSets;
  readonly ledger: Ledger;
  readonly exports: Exports;
  readonly counts: KernelCounts;
  readonly intake: () => Pick<Intake, 'restore'>;
  /** Nothing outlives this process after all. */
  readonly failed: (error: WeirError) => void;
}

export class Continuity {
  readonly unsettled: Unsettled;
  #totals: SavedTotals | undefined;
  readonly #options: ContinuityOptions;
  readonly #version: string;
  #pins: Pins | undefined;
  #hasBegun = false;
  #hasRecovered = false;
  #former: TcpProgram | undefined;
  #memory: Mapping | undefined;
  #journal: Journal | undefined;
  #written: string | undefined;
  #hasToldFull = false;

  constructor(options: ContinuityOptions) {
    this.#options = options;
    this.#pins = options.pins;
    this.#version = tcpProgramVersion(options.limits, READER);
    this.unsettled = new Unsettled((captures) => options.ledger.provisional(captures));
  }

  /** This process goes on with the capture of an earlier one. */
  get hasRecovered(): boolean {
    return this.#hasRecovered;
  }

  /** What the totals of the node's FlowAgent are made of. */
  get totals(): SavedTotals | undefined {
    return this.#totals;
  }

  set totals(totals: SavedTotals | undefined) {
    this.#totals = totals;
    this.save();
  }

  /**
   * Goes on with what an earlier process has left, or removes it; once, before the first plan.
   * @throws WeirError ClusterFailed while another agent of the node runs.
   */
  begin(): void {
    if (this.#hasBegun) return;
    try {
      this.#pins?.take();
    } catch (error) {
      this.#giveUp(error);
    }
    this.#hasBegun = true;
    this.#former = this.#recover();
    this.#hasRecovered = this.#former !== undefined;
    if (!this.#hasRecovered) this.remove();
  }

  /** The earlier process' program, which captures all the time; undefined where there is none to go on with, or not any more. */
  takeFormer(): TcpProgram | undefined {
    const former = this.#former;
    this.#former = undefined;
    return former;
  }

  /** From now on the journal of this program is written. */
  follow(program: TcpProgram): void {
    if (this.#journal !== undefined) return;
    const journal = this.#open(program);
    this.#options.ledger.moveTo(journal.captures);
    this.#options.exports.moveTo(journal.exports);
  }

  /** From now on this attached program outlives the process. */
  keep(program: TcpProgram): void {
    this.save();
    this.renew(program);
    try {
      this.#pins?.replace(this.#version, program.parts);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Puts the time off at which the program ends of itself. */
  renew(program: TcpProgram): void {
    program.lease(monotonicNanos() + LEASE_MILLIS * NANOS_PER_MILLI);
  }

  /** What numbers mean has changed: called before anything in the kernel, or any count, refers to a new one. */
  save(): void {
    const { slots, sets, ledger, exports, counts } = this.#options;
    if (this.#journal === undefined) return;
    const text: Text = {
      slots: slots.state,
      sets: sets.state,
      captures: ledger.captures,
      exports: exports.names,
      counts: counts.state,
      totals: this.#totals,
    };
    const content = JSON.stringify(text);
    if (content !== this.#written && !this.#journal.write(content)) this.#tellFull();
    this.#written = content;
  }

  /** Nothing outlives the process, but what it holds itself. */
  remove(): void {
    this.#pins?.clear();
  }

  /** The program is about to be closed: the journal is not written any more. */
  close(): void {
    const { ledger, exports } = this.#options;
    if (this.#memory === undefined) return;
    ledger.moveTo(memoryRows(LEDGER_COLUMNS.length));
    exports.moveTo(memoryRows(EXPORT_COLUMNS.length));
    this.#journal = undefined;
    this.#memory.unmap();
    this.#memory = undefined;
    this.#written = undefined;
  }

  /** Another process may go on. */
  end(): void {
    this.#pins?.giveUp();
  }

  /** Nothing is kept where it cannot be; but two agents of one node must not capture at once. */
  #giveUp(error: unknown): void {
    if (!(error instanceof WeirError) || error.retryable) throw error;
    this.#pins = undefined;
    this.#options.failed(error);
  }

  #tellFull(): void {
    if (this.#hasToldFull) return;
    this.#hasToldFull = true;
    this.#options.failed(
      new WeirError('Internal', 'there are more captures and exports to remember than there is room for'),
    );
  }

  #open(program: TcpProgram): Journal {
    this.#memory = mapShared(program.journal.fd, 0, JOURNAL_BYTES, 'readWrite');
    this.#journal = new Journal(this.#memory.bytes, LAYOUT);
    return this.#journal;
  }

  #recover(): TcpProgram | undefined {
    const parts = this.#pins?.find(this.#version, PARTS);
    if (parts === undefined) return undefined;
    const program = adoptTcpProgram(Libbpf.load(), parts);
    const journal = this.#open(program);
    const content = journal.read();
    // Once the lease has run out, connections have ended unseen.
    if (content === undefined || program.leasedUntil() <= monotonicNanos()) {
      this.#journal = undefined;
      this.#memory?.unmap();
      this.#memory = undefined;
      program.close();
      return undefined;
    }
    this.renew(program);
    this.#restore(JSON.parse(content), journal);
    this.#reckon(program);
    return program;
  }

  #restore(text: Text, journal: Journal): void {
    const { slots, sets, ledger, exports, counts, intake } = this.#options;
    slots.restore(text.slots);
    sets.restore(text.sets);
    ledger.restore(text.captures, journal.captures);
    exports.restore(text.exports, journal.exports);
    counts.restore(text.counts);
    intake().restore(ledger.provisionals);
    this.#totals = text.totals;
  }

  /**
   * Brings both counts together again. What was observed, is in no other count and will not be read again was lost with the
   * process that held it; what is in another count and will be read again will be there twice.
   */
  #reckon(program: TcpProgram): void {
    const { sets, ledger, counts } = this.#options;
    const ring = mapRing(program.flows);
    const so = countedSoFar(program.ledger, new RingReader(ring, { keeps: true }), sets.size);
    ring.unmap();
    const ofSet = (key: Uint8Array) => so.counts.get(new DataView(key.buffer).getUint32(0, true));
    const { nodeCounters, connectionCount } = program;
    const missedRuns = () => program.missedRuns();
    counts.begin({
      ledger: { sumPerCpu: (key) => [...(ofSet(key) ?? [])] },
      nodeCounters,
      connectionCount,
      missedRuns,
    });
    ledger.observedTotals(counts.byCapture(ledger.provisionals));
    const waiting = new Map<number, number>();
    for (const [set, records] of so.inRing)
      for (const capture of sets.capturesOf(set)) waiting.set(capture, (waiting.get(capture) ?? 0) + records);
    for (const { index, unaccounted } of ledger.accounts()) {
      const missing = unaccounted - (waiting.get(index) ?? 0);
      if (missing > 0) ledger.lost([index], 'agentRestart', missing);
      if (missing < 0) ledger.redelivered(index, -missing);
    }
    counts.begin(program);
  }
}

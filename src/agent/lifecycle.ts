/** A running agent, and the order in which it stops: no new records, empty the ring, empty the queues, count. */
import type { Exporter } from '../export/exporter.ts';
import type { Account, Ledger } from '../export/ledger.ts';
import { DRAIN_MILLIS } from './limits.ts';
import type { TcpProgram } from './load/tcp-program.ts';
import type { DrainLoop } from './read/drain-loop.ts';
import type { GuardedHandler } from './read/guarded.ts';
import type { BoundCounts } from './report/bounds.ts';
import type { KernelCounts, NodeCounts } from './report/kernel-counts.ts';
import type { Intake } from './select/intake.ts';

/** What an agent did, read after its end or while it runs. */
export interface AgentReport {
  readonly accounts: readonly Account[];
  readonly node: NodeCounts &
    BoundCounts & {
      /** Records whose layout was not this version's. */
      readonly malformed: number;
      /** Records that could not be handled, such as for want of file descriptors; their captures do not balance. */
      readonly faulty: number;
      /** Records captured provisionally that no capture selects. */
      readonly notSelected: number;
      /** Records captured provisionally whose owner was gone before it was known: a capture may have wanted them. */
      readonly ownerUnknown: number;
    };
}

export interface Agent {
  /** The counts as they stand now; from the end on, the last ones. */
  report(): AgentReport;
  /** Stops and leaves nothing in the kernel. Later calls get the first one's end. */
  stop(): Promise<AgentReport>;
}

/** What `agent.ts` has wired together. */
export interface Parts {
  readonly program: Pick<TcpProgram, 'detach'>;
  readonly loop: Pick<DrainLoop, 'stop'>;
  readonly exporters: readonly Pick<Exporter, 'drain'>[];
  readonly ledger: Ledger;
  readonly counts: Pick<KernelCounts, 'byCapture' | 'node'>;
  readonly intake: Pick<Intake, 'malformed' | 'notSelected' | 'ownerUnknown' | 'provisional'>;
  /** What went over the agent's own bounds, as it stands now. */
  readonly bounds: () => BoundCounts;
  readonly guarded: Pick<GuardedHandler, 'faulty'>;
  /** Everything that holds timers, watches or kernel memory; released at the end. */
  readonly opened: Disposable;
}

export function running(parts: Parts): Agent {
  const { program, loop, exporters, ledger, counts, intake, guarded, bounds, opened } = parts;
  const count = (): AgentReport => {
    ledger.observedTotals(counts.byCapture(intake.provisional));
    const { malformed, notSelected, ownerUnknown } = intake;
    const { faulty } = guarded;
    const node = { ...counts.node(), ...bounds(), malformed, notSelected, ownerUnknown, faulty };
    return { accounts: ledger.accounts(), node };
  };
  // The counters of the kernel can be read until they are released; their descriptors may be other files' then.
  let last: AgentReport | undefined;
  let stopped: Promise<AgentReport> | undefined;
  const stop = async (): Promise<AgentReport> => {
    using stack = new DisposableStack();
    stack.use(opened);
    program.detach();
    await loop.stop();
    await Promise.all(exporters.map((exporter) => exporter.drain(DRAIN_MILLIS)));
    last = count();
    return last;
  };
  return { report: () => last ?? count(), stop: () => (stopped ??= stop()) };
}

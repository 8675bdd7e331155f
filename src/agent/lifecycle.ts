/** A running agent, and the order in which it stops: no new records, empty the ring, empty the queues, count. */
import type { Exporter } from '../export/exporter.ts';
import type { Account, Ledger } from '../export/ledger.ts';
import { DRAIN_MILLIS } from './limits.ts';
import type { TcpProgram } from './load/tcp-program.ts';
import type { DrainLoop } from './read/drain-loop.ts';
import type { RingSource } from './read/source.ts';
import type { KernelCounts, NodeCounts } from './report/kernel-counts.ts';
import type { Intake } from './select/intake.ts';
import type { SelectionKeeper } from './select/keep.ts';

/** What an agent did, read after its end or while it runs. */
export interface AgentReport {
  readonly accounts: readonly Account[];
  readonly node: NodeCounts & {
    /** Records whose layout was not this version's. */
    readonly malformed: number;
    /** Records captured provisionally that no capture selects. */
    readonly notSelected: number;
  };
}

export interface Agent {
  /** The counts as they stand now. */
  report(): AgentReport;
  /** Stops and leaves nothing in the kernel. Later calls get the first one's end. */
  stop(): Promise<AgentReport>;
}

/** What `agent.ts` has wired together. */
export interface Parts {
  readonly program: TcpProgram;
  readonly ring: RingSource;
  readonly loop: DrainLoop;
  readonly keeper: SelectionKeeper;
  readonly exporters: readonly Exporter[];
  readonly ledger: Ledger;
  readonly counts: KernelCounts;
  readonly intake: Intake;
}

export function running(parts: Parts): Agent {
  const { program, ring, loop, keeper, exporters, ledger, counts, intake } = parts;
  const report = (): AgentReport => {
    ledger.observedTotals(counts.byCapture(intake.provisional));
    const node = { ...counts.node(), malformed: intake.malformed, notSelected: intake.notSelected };
    return { accounts: ledger.accounts(), node };
  };
  let stopped: Promise<AgentReport> | undefined;
  const stop = async (): Promise<AgentReport> => {
    program.detach();
    try {
      await loop.stop();
      while (ring.drain(Number.MAX_SAFE_INTEGER) > 0);
      await Promise.all(exporters.map((exporter) => exporter.drain(DRAIN_MILLIS)));
      return report();
    } finally {
      // Also when a record cannot be handled: neither timers nor kernel memory may outlive the agent.
      keeper.stop();
      ring.close();
      program.close();
    }
  };
  return { report, stop: () => (stopped ??= stop()) };
}

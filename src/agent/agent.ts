/**
 * The agent's wiring, on one screen: plan → load → read → decode → identify → attribute → export → report.
 * ARCHITECTURE.md holds the same graph.
 */
import type { Known } from '../attribution/local.ts';
import { NetnsOwners } from '../attribution/netns-owners.ts';
import { Ledger } from '../export/ledger.ts';
import { flowRouter } from '../export/router.ts';
import { RouteTable } from '../export/routes.ts';
import type { Sink } from '../export/sink.ts';
import type { WeirError } from '../lib/errors.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import type { PlanExport } from '../plan/plan.ts';
import { CaptureSets } from '../plan/sets.ts';
import { Slots } from '../plan/slots.ts';
import type { Identity } from '../record/flow.ts';
import { type Naming, tcpFlow } from './attribute/tcp-flow.ts';
import { decodeTcp, type TcpEvent } from './decode/tcp.ts';
import { WallClock } from './decode/wall-clock.ts';
import { Exports } from './export/exports.ts';
import { CgroupOwners } from './identify/cgroup-owners.ts';
import { CgroupTree } from './identify/cgroup-tree.ts';
import { buildInventory, type Inventory } from './identify/inventory.ts';
import { ProcessCgroups } from './identify/process-cgroup.ts';
import { type Agent, RunningAgent } from './lifecycle.ts';
import { AWAITED, DRAIN_MILLIS, EXPORTER_OPTIONS, type KernelLimits, REOPEN_MILLIS, withDefaults } from './limits.ts';
import { wallOffsetMicros } from './load/libc.ts';
import type { Pins } from './load/pins.ts';
import { Guard } from './read/guarded.ts';
import { KernelCounts } from './report/kernel-counts.ts';
import { Continuity } from './restart/continuity.ts';
import { NOT_FOLLOWED } from './restart/unsettled.ts';
import { Awaited } from './select/awaited.ts';
import { desiredSelection, selectedPod } from './select/desired.ts';
import { Intake, UNKNOWN_CGROUP } from './select/intake.ts';
import { Wanted } from './select/wanted.ts';
import { startTcpCapture } from './tcp-capture.ts';

export interface AgentOptions {
  readonly node: string;
  /** The pods of this machine; without one, every capture that selects by nothing means everything on it. */
  readonly inventory: Inventory | undefined;
  /** What is known of addresses: of this node's pods, and of whoever is at the far end. */
  readonly known: { readonly local: Known; readonly far: Known };
  /** Opens the sink of an export of a plan. @throws WeirError */
  readonly openSink: (target: PlanExport) => Promise<Sink>;
  readonly limits?: Partial<KernelLimits>;
  /** What the capture is kept by for the next process; undefined: it ends with this one. */
  readonly pins?: Pins | undefined;
  /** Where cgroup2 is mounted, and whether version 1 hierarchies are in use beside it. */
  readonly cgroups: { readonly mount: string; readonly version1: boolean };
  /** The wall clock minus CLOCK_MONOTONIC, as both stand now, µs. Default: this machine's. */
  readonly wallOffset?: () => number;
  readonly events: AgentEvents;
}

export interface AgentEvents {
  /** A sink could not be opened, or gave a batch up, which the ledger counts. */
  readonly sinkFailed: (exportName: string, error: WeirError) => void;
  /** An export has delivered for the first time, fails, or does not fail any more. */
  readonly exportChanged?: () => void;
  /** A record could not be handled, the first of them; counted as `faulty`. */
  readonly recordFailed: (error: unknown) => void;
  /** The capture ends with this process after all. */
  readonly notKept?: (error: WeirError) => void;
  /** The agent itself cannot go on. */
  readonly failed: (error: unknown) => void;
}

/** An agent that captures nothing yet: it does what the plan asks that it is given to adopt. */
export function makeAgent(options: AgentOptions): Agent {
  const { node, inventory, known, openSink, limits, pins, cgroups, wallOffset = wallOffsetMicros, events } = options;
  const pods = inventory ?? buildInventory([]).inventory;

  // select
  const tree = new CgroupTree(cgroups.mount, monotonicMillis);
  const sets = new CaptureSets(
    { captures: [] },
    {
      now: monotonicMillis,
      held: () => agent.heldSets,
      recycled: (id, captures) => counts.recycled(id, captures),
    },
  );
  let crowdedOut: ReadonlySet<number> = new Set();
  const desired = () => {
    const selection = desiredSelection(tree.cgroups, inventory, sets);
    crowdedOut = selection.refused;
    return selection;
  };

  // export
  const slots = new Slots();
  const table = new RouteTable([]);
  const ledger = new Ledger(table);
  const exports = new Exports({
    open: openSink,
    exporter: EXPORTER_OPTIONS,
    drainMillis: DRAIN_MILLIS,
    reopenMillis: REOPEN_MILLIS,
    timers: systemTimers,
    now: Date.now,
    settled: (index, flows, outcome) => {
      for (const flow of flows) ledger.settle(flow, index, outcome);
    },
    follow: () => continuity?.unsettled.queue() ?? NOT_FOLLOWED,
    failed: events.sinkFailed,
    stateChanged: () => events.exportChanged?.(),
  });
  const route = flowRouter(table, (index) => exports.exporter(index), ledger);

  // identify, attribute
  const clock = new WallClock(wallOffset);
  const owners = new CgroupOwners(tree, pods, cgroups.version1 ? new ProcessCgroups() : undefined);
  const naming: Naming = { node, clock, cgroups: owners, netns: new NetnsOwners(), ...known };

  // read, decode
  const guarded = new Guard(events.recordFailed);
  const decide = guarded.around((event: TcpEvent) => intake.decide(event));
  const release = (event: TcpEvent) =>
    continuity === undefined ? decide(event) : continuity.unsettled.resume(event, () => decide(event));
  const awaited = new Awaited({ ...AWAITED, timers: systemTimers, release });
  const hold = (owner: string, event: TcpEvent) => {
    const isHeld = awaited.hold(owner, event);
    if (isHeld) continuity?.unsettled.hold(event);
    return isHeld;
  };
  tree.whenRescanned(() => awaited.release(UNKNOWN_CGROUP));
  const podOf = (identity: Identity) => {
    const pod = pods.podNamed(identity);
    return pod && selectedPod(pod, pods);
  };
  const wanted = new Wanted(ledger, podOf, monotonicMillis);
  const intake = new Intake(
    {
      decode: decodeTcp,
      hold,
      provisional: (captures) => continuity?.unsettled.provisional(captures),
      wanted: (event, captures, flow) => wanted.of(event, captures, flow),
      flow: (event) => tcpFlow(event, naming),
      route,
    },
    sets,
    pods,
    owners,
  );

  // load, report
  const counts = new KernelCounts(sets);
  const kernelLimits = withDefaults(limits);
  const continuity =
    pins &&
    new Continuity({
      pins,
      limits: kernelLimits,
      slots,
      sets,
      ledger,
      exports,
      counts,
      intake: () => intake,
      failed: (error) => events.notKept?.(error),
    });
  const kernel = {
    limits: kernelLimits,
    continuity,
    tree,
    desired,
    capturesOf: (set: number) => sets.plannedIn(set),
    clock,
    counts,
  };
  const handling = { record: guarded.around(intake.record), timers: systemTimers, failed: events.failed };
  const startTcp = () => startTcpCapture({ ...kernel, ...handling });
  const agent = new RunningAgent({
    startTcp,
    tree,
    slots,
    sets,
    table,
    ledger,
    exports,
    counts,
    intake,
    wanted,
    awaited,
    guarded,
    pods,
    continuity,
    crowdedOut: () => crowdedOut,
  });
  return agent;
}

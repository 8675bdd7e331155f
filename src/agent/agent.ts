/**
 * The agent's wiring, on one screen: plan → load → read → decode → identify → attribute → export → report.
 * ARCHITECTURE.md holds the same graph.
 */
import { NetnsOwners } from '../attribution/netns-owners.ts';
import { StaticOwners } from '../attribution/static-owners.ts';
import { Exporter } from '../export/exporter.ts';
import { Ledger } from '../export/ledger.ts';
import type { Outcome } from '../export/outcome.ts';
import { flowRouter } from '../export/router.ts';
import { RouteTable } from '../export/routes.ts';
import type { Sink } from '../export/sink.ts';
import { WeirError } from '../lib/errors.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import type { Plan } from '../plan/plan.ts';
import { CaptureSets } from '../plan/sets.ts';
import type { Flow } from '../record/flow.ts';
import { type Naming, tcpFlow } from './attribute/tcp-flow.ts';
import { decodeTcp, type TcpEvent } from './decode/tcp.ts';
import { WallClock } from './decode/wall-clock.ts';
import { CgroupOwners } from './identify/cgroup-owners.ts';
import { CgroupTree } from './identify/cgroup-tree.ts';
import { buildInventory, type Inventory } from './identify/inventory.ts';
import { OwnAddresses } from './identify/own-addresses.ts';
import { ProcessCgroups } from './identify/process-cgroup.ts';
import { type Agent, running } from './lifecycle.ts';
import { EXPORTER_OPTIONS, type KernelLimits, withDefaults } from './limits.ts';
import { Libbpf } from './load/libbpf.ts';
import { wallOffsetMicros } from './load/libc.ts';
import { loadTcpProgram } from './load/tcp-program.ts';
import { DrainLoop } from './read/drain-loop.ts';
import { GuardedHandler } from './read/guarded.ts';
import { ringSource } from './read/source.ts';
import { boundCounts } from './report/bounds.ts';
import { KernelCounts } from './report/kernel-counts.ts';
import { desiredSelection } from './select/desired.ts';
import { Intake } from './select/intake.ts';
import { keepSelected } from './select/keep.ts';
import { SelectionMap } from './select/selection-map.ts';

export interface AgentOptions {
  readonly plan: Plan;
  /** The pods of this machine; without one, every capture that selects by nothing means everything on it. */
  readonly inventory: Inventory | undefined;
  /** One opened sink for each of the plan's exports, in its order. An agent that has started closes them at its end. */
  readonly sinks: readonly Sink[];
  readonly limits?: Partial<KernelLimits>;
  /** Where cgroup2 is mounted, and whether version 1 hierarchies are in use beside it. */
  readonly cgroups: { readonly mount: string; readonly version1: boolean };
  readonly events: AgentEvents;
}

export interface AgentEvents {
  /** A sink gave a batch up; counted in the ledger. */
  readonly sinkFailed: (exportName: string, error: WeirError) => void;
  /** A record could not be handled, the first of them; counted as `faulty`. */
  readonly recordFailed: (error: unknown) => void;
  /** The agent itself cannot go on. */
  readonly failed: (error: unknown) => void;
}

/**
 * Starts to capture. Throws WeirError when this machine cannot, or InvalidInput for a plan without a capture of TCP: for
 * no capture nothing is attached. Whatever it throws, nothing is left in the kernel, and the sinks are the caller's.
 */
export function startAgent({ plan, inventory, sinks, limits, cgroups, events }: AgentOptions): Agent {
  if (!plan.programs.includes('tcp')) {
    throw new WeirError('InvalidInput', 'the plan has no capture of TCP: give it one, or start no agent');
  }
  using opened = new DisposableStack();
  const sets = new CaptureSets(plan);
  const pods = inventory ?? buildInventory([]).inventory;

  // load
  const program = opened.adopt(loadTcpProgram(Libbpf.load(), withDefaults(limits)), (loaded) => loaded.close());
  const selection = new SelectionMap(program.selection, program.selectionControl);
  const tree = opened.adopt(new CgroupTree(cgroups.mount, monotonicMillis), (watched) => watched.close());
  const desired = () => desiredSelection(tree.cgroups, inventory, sets);
  opened.adopt(keepSelected(tree, selection, desired, systemTimers, events.failed), (keeper) => keeper.stop());

  // export
  const table = new RouteTable(plan.captures);
  const ledger = new Ledger(table);
  const exporters = plan.exports.map(({ index, name }) => {
    const sink = sinks[index];
    if (sink === undefined) throw new Error(`no sink for export ${name}`);
    const settled = (flows: readonly Flow[], outcome: Outcome) => {
      for (const flow of flows) ledger.settle(flow, index, outcome);
    };
    const failed = (error: WeirError) => events.sinkFailed(name, error);
    return new Exporter(sink, EXPORTER_OPTIONS, { settled, failed }, systemTimers);
  });

  // identify, attribute
  const own = new OwnAddresses(monotonicMillis);
  const naming: Naming = {
    node: plan.node,
    clock: new WallClock(wallOffsetMicros),
    cgroups: new CgroupOwners(tree, pods, cgroups.version1 ? new ProcessCgroups() : undefined),
    netns: new NetnsOwners(),
    known: { owners: new StaticOwners(pods.pods), isOwnAddress: (address) => own.has(address) },
  };

  // read, decode
  const route = flowRouter(table, exporters, ledger);
  const flow = (event: TcpEvent) => tcpFlow(event, naming);
  const intake = new Intake({ decode: decodeTcp, flow, route }, sets, pods, naming.cgroups);
  const guarded = new GuardedHandler(intake.record, events.recordFailed);
  const ring = opened.adopt(ringSource(program.flows, naming.clock, guarded.record), (mapped) => mapped.close());
  const loop = new DrainLoop(ring, events.failed);
  program.attach();
  loop.start();

  // report
  const counts = new KernelCounts(program, sets, plan.captures.length);
  const bounds = () => boundCounts(tree, selection, sets);
  return running({ program, loop, exporters, ledger, counts, intake, guarded, bounds, opened: opened.move() });
}

/** `weir capture`: flows of this machine under FlowCapture objects, without a cluster. */
import { makeAgent } from '../agent/agent.ts';
import { OwnAddresses } from '../agent/identify/own-addresses.ts';
import type { Agent } from '../agent/lifecycle.ts';
import { findCgroups, requireTracingHere } from '../agent/load/machine.ts';
import { StaticOwners } from '../attribution/static-owners.ts';
import { WeirError } from '../lib/errors.ts';
import { monotonicMillis, systemTimers } from '../lib/timers.ts';
import type { Plan } from '../plan/plan.ts';
import { agentReportText } from './agent-report-text.ts';
import type { Context } from './context.ts';
import { readInventory, readManifests, STDIN } from './manifests.ts';
import { endByThemselves } from './own-ends.ts';
import { say } from './say.ts';
import { SinkTroubles } from './sink-troubles.ts';
import { defaultOutput, type Output, openSinks } from './sinks.ts';
import { exportTitle, standalonePlan } from './standalone-plan.ts';

export interface CaptureOptions {
  readonly files: readonly string[];
  readonly inventory: string | undefined;
  readonly output: Output | undefined;
  readonly durationMillis: number | undefined;
  readonly ringBytes: number | undefined;
}

/** As a shell has it: ended by the person before anything began. */
const INTERRUPTED_STATUS = 130;
/** A stop that takes longer than this is explained. */
const PATIENCE_MILLIS = 1_000;

/** Captures until interrupted, or for the duration. Returns the exit status; throws WeirError before it starts. */
export async function capture(options: CaptureOptions, context: Context): Promise<number> {
  const input = await Promise.race([readInput(options, context), context.interrupted]);
  if (input === undefined) {
    // Else the process would wait for its end.
    context.stdin.destroy();
    return INTERRUPTED_STATUS;
  }
  const { manifests, inventory } = input;
  const { plan, suspended, durations } = standalonePlan(manifests, inventory, context.hostname);
  for (const name of suspended) say(context, `FlowCapture ${name} is suspended: left out`);
  if (plan.captures.length === 0) {
    throw new WeirError(
      'InvalidInput',
      'there is nothing to capture: the files hold no FlowCapture that is not suspended',
    );
  }
  requireTracingHere();
  const cgroups = findCgroups();
  const troubles = new SinkTroubles(monotonicMillis, (text) => say(context, text));
  const troubled = (name: string, error: WeirError): void => troubles.tell(exportTitle(name), error);
  const sinks = await openSinks(plan, options.output ?? defaultOutput(context), context, troubled);

  const ended = Promise.withResolvers<void>();
  const failures: WeirError[] = [];
  const fail = (error: unknown): void => {
    failures.push(new WeirError('Internal', `the agent cannot go on: ${String(error)}`, { cause: error }));
    ended.resolve();
  };
  const own = new OwnAddresses(monotonicMillis);
  const known = {
    owners: new StaticOwners(inventory?.pods ?? []),
    isOwnAddress: (address: string) => own.has(address),
  };
  const agent = makeAgent({
    node: plan.node,
    inventory,
    known: { local: known, far: known },
    openSink: async ({ name, index }) => {
      const sink = sinks[index];
      if (sink === undefined) throw new WeirError('Internal', `no sink was opened for ${name}`);
      return sink;
    },
    cgroups,
    ...(options.ringBytes !== undefined && { limits: { ringBytes: options.ringBytes } }),
    events: {
      sinkFailed(name, error) {
        if (error.code === 'OutputClosed') ended.resolve();
        else troubled(name, error);
      },
      recordFailed(error) {
        say(context, `a record could not be handled: ${String(error)}; it and any others are counted as faulty`);
      },
      failed: fail,
    },
  });
  await adoptOrStop(agent, plan);
  announce(plan, inventory?.pods.length, context);
  const leave = async (rest: Plan, names: readonly string[]): Promise<void> => {
    const isLast = rest.captures.length === 0;
    // The last ones end with the agent itself.
    if (!isLast) await agent.adopt(rest);
    for (const name of names) say(context, `FlowCapture ${name} has lasted for its durationSeconds: it has ended`);
    if (isLast) ended.resolve();
  };
  const stopEnds = endByThemselves({
    plan,
    durations,
    timers: systemTimers,
    now: monotonicMillis,
    left: (rest, names) => void leave(rest, names).catch(fail),
  });
  await untilEnd(ended.promise, options.durationMillis, context);
  stopEnds();
  return (await finish(agent, failures, context)) || troubles.exitStatus;
}

/** An agent that cannot do it closes its sinks. */
async function adoptOrStop(agent: Agent, plan: Plan): Promise<void> {
  try {
    await agent.adopt(plan);
  } catch (error) {
    await agent.stop();
    throw error;
  }
}

async function readInput({ files, inventory }: CaptureOptions, { stdin }: Context) {
  const fromStdin = [...files, ...(inventory === undefined ? [] : [inventory])].filter((file) => file === STDIN);
  if (fromStdin.length > 1) {
    throw new WeirError(
      'InvalidInput',
      'stdin is named twice, and can be read only once: put one of the two in a file',
    );
  }
  return {
    manifests: await readManifests(files, stdin),
    inventory: inventory === undefined ? undefined : await readInventory(inventory, stdin),
  };
}

function announce(plan: Plan, pods: number | undefined, context: Context): void {
  const names = plan.captures.map(({ name }) => name).join(', ');
  const where = pods === undefined ? 'everything on this machine' : `${pods} pods of the inventory`;
  say(context, `capturing TCP of ${where} for ${names}; Ctrl-C ends`);
}

async function untilEnd(failed: Promise<void>, durationMillis: number | undefined, context: Context): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    if (durationMillis !== undefined) timer = setTimeout(resolve, durationMillis);
  });
  await Promise.race([failed, context.interrupted, elapsed]);
  clearTimeout(timer);
}

async function finish(agent: Agent, failures: readonly WeirError[], context: Context): Promise<number> {
  const waiting = setTimeout(() => {
    say(context, 'waiting for the exports to take what is left, a few seconds at most; Ctrl-C again ends at once');
  }, PATIENCE_MILLIS);
  const report = await agent.stop().finally(() => clearTimeout(waiting));
  context.stderr.write(agentReportText(report));
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return report.accounts.every(({ unaccounted, inFlight }) => unaccounted === 0 && inFlight === 0) ? 0 : 1;
}

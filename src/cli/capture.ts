/** `weir capture`: flows of this machine under FlowCapture objects, without a cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { startAgent } from '../agent/agent.ts';
import { cgroup2Mount } from '../agent/identify/cgroup-mount.ts';
import type { Agent } from '../agent/lifecycle.ts';
import { requireTracing } from '../agent/load/refusal.ts';
import { WeirError } from '../lib/errors.ts';
import { escapeForTerminal } from '../lib/escape.ts';
import type { Plan } from '../plan/plan.ts';
import { agentReportText } from './agent-report-text.ts';
import type { Context } from './context.ts';
import { readInventory, readManifests } from './manifests.ts';
import { defaultOutput, type Output, openSinks } from './sinks.ts';
import { standalonePlan } from './standalone-plan.ts';

export interface CaptureOptions {
  readonly files: readonly string[];
  readonly inventory: string | undefined;
  readonly output: Output | undefined;
  readonly durationMillis: number | undefined;
  readonly ringBytes: number | undefined;
}

/** Captures until interrupted, or for the duration. Returns the exit status; throws WeirError before it starts. */
export async function capture(options: CaptureOptions, context: Context): Promise<number> {
  const manifests = await readManifests(options.files, context.stdin);
  const inventory = options.inventory === undefined ? undefined : await readInventory(options.inventory, context.stdin);
  const { plan, suspended } = standalonePlan(manifests, inventory, context.hostname);
  for (const name of suspended) say(context, `FlowCapture ${name} is suspended: left out`);
  if (plan.captures.length === 0) {
    throw new WeirError(
      'InvalidInput',
      'there is nothing to capture: the files hold no FlowCapture that is not suspended',
    );
  }
  const cgroups = examineMachine();
  const sinks = await openSinks(plan, options.output ?? defaultOutput(context), context);

  const ended = Promise.withResolvers<void>();
  const failures: WeirError[] = [];
  const agent = startAgent({
    plan,
    inventory,
    sinks,
    cgroups,
    ...(options.ringBytes !== undefined && { limits: { ringBytes: options.ringBytes } }),
    events: {
      sinkFailed(name, error) {
        if (error.code === 'OutputClosed') ended.resolve();
        else say(context, `FlowExport ${name}: ${error.message}`);
      },
      failed(error) {
        failures.push(new WeirError('Internal', 'the agent cannot go on', { cause: error }));
        ended.resolve();
      },
    },
  });
  announce(plan, inventory?.pods.length, context);
  await untilEnd(ended.promise, options.durationMillis, context);
  return finish(agent, failures, context);
}

function examineMachine() {
  const kernelBtf = existsSync('/sys/kernel/btf/vmlinux');
  requireTracing({ status: readFileSync('/proc/self/status', 'utf8'), kernelBtf });
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  return { mount: cgroup2Mount(mountinfo), version1: / - cgroup /.test(mountinfo) };
}

function announce(plan: Plan, pods: number | undefined, context: Context): void {
  const names = plan.captures.map(({ name }) => name).join(', ');
  const where = pods === undefined ? 'everything on this machine' : `${pods} pods of the inventory`;
  say(context, `capturing TCP of ${where} for ${names}; connections are reported when they end; Ctrl-C ends`);
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
  const report = await agent.stop();
  context.stderr.write(agentReportText(report));
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return report.accounts.every(({ unaccounted, inFlight }) => unaccounted === 0 && inFlight === 0) ? 0 : 1;
}

function say(context: Context, text: string): void {
  context.stderr.write(`weir: ${escapeForTerminal(text)}\n`);
}

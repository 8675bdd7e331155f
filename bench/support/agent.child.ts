/** The agent process of AgentProcess: starts and stops to capture as it is told, and ends when nobody tells any more. */
import { readFileSync } from 'node:fs';
import { makeAgent } from '../../src/agent/agent.ts';
import { cgroup2Mount } from '../../src/agent/identify/cgroup-mount.ts';
import { OwnAddresses } from '../../src/agent/identify/own-addresses.ts';
import type { Agent } from '../../src/agent/lifecycle.ts';
import { StaticOwners } from '../../src/attribution/static-owners.ts';
import { stdoutSink } from '../../src/export/stdout.ts';
import type { AgentSetup, Answer, Command } from './agent-process.ts';
import { readInventory } from './inventory.ts';

const { plan, inventory: text }: AgentSetup = JSON.parse(process.argv[2] ?? '');
const inventory = readInventory(text);
const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
const cgroups = { mount: cgroup2Mount(mountinfo), version1: / - cgroup /.test(mountinfo) };

// One for all: a stream is listened to once for each sink.
const sink = stdoutSink(process.stdout, { format: 'json' });

const events = {
  sinkFailed(_name: string, error: Error) {
    throw error;
  },
  recordFailed(error: unknown) {
    throw error;
  },
  failed(error: unknown) {
    throw error;
  },
};

const own = new OwnAddresses(() => performance.now());
let agent: Agent | undefined;

process.on('message', (command: Command) => void obey(command).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());

async function obey(command: Command): Promise<Answer> {
  if (command === 'start') {
    const known = { owners: new StaticOwners(inventory.pods), isOwnAddress: (address: string) => own.has(address) };
    const openSink = async () => sink;
    agent = makeAgent({ node: plan.node, inventory, known: { local: known, far: known }, openSink, cgroups, events });
    await agent.adopt(plan);
    return { is: 'started' };
  }
  if (agent === undefined) throw new Error('stopped before it was started');
  if (command === 'report') return { is: 'reported', report: agent.report() };
  return { is: 'stopped', report: await agent.stop() };
}

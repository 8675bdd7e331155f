/** The agent process of AgentProcess: starts and stops to capture as it is told, and ends when nobody tells any more. */
import { readFileSync } from 'node:fs';
import { startAgent } from '../../src/agent/agent.ts';
import { cgroup2Mount } from '../../src/agent/identify/cgroup-mount.ts';
import type { Agent } from '../../src/agent/lifecycle.ts';
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

let agent: Agent | undefined;

process.on('message', (command: Command) => void obey(command).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());

async function obey(command: Command): Promise<Answer> {
  if (command === 'start') {
    agent = startAgent({ plan, inventory, sinks: plan.exports.map(() => sink), cgroups, events });
    return { is: 'started' };
  }
  if (agent === undefined) throw new Error('stopped before it was started');
  return { is: 'stopped', report: await agent.stop() };
}

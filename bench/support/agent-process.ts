import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AgentReport } from '../../src/agent/lifecycle.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { ask } from './ask.ts';

const PROGRAM = fileURLToPath(new URL('agent.child.ts', import.meta.url));

export interface AgentSetup {
  readonly plan: Plan;
  /** Pods as an inventory file has them. */
  readonly inventory: string;
}

export type Command = 'start' | 'report' | 'stop';
export type Answer = { readonly is: 'started' } | { readonly is: 'reported' | 'stopped'; readonly report: AgentReport };

/**
 * The agent in a process of its own, as it is deployed; flows leave as NDJSON to /dev/null. It captures only between
 * `start` and `stop`, and is warm after the first time.
 */
export class AgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(setup: AgentSetup) {
    this.#child = fork(PROGRAM, [JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the agent process did not start');
    return pid;
  }

  /** Resolves once the programs are attached. */
  async start(): Promise<void> {
    await ask<Answer>(this.#child, 'start');
  }

  /** As it stands now. */
  report(): Promise<AgentReport> {
    return this.#reported('report');
  }

  /** Resolves when everything that was captured has been written. */
  stop(): Promise<AgentReport> {
    return this.#reported('stop');
  }

  /** User and system time that its threads have taken so far. */
  cpuMicros(): number {
    const tasks = `/proc/${this.pid}/task`;
    // The first figure of schedstat is the time on a CPU, in ns; /proc/PID/stat has the same in ticks of 10 ms.
    const nanos = readdirSync(tasks).map((task) =>
      Number.parseInt(readFileSync(`${tasks}/${task}/schedstat`, 'utf8'), 10),
    );
    return nanos.reduce((sum, value) => sum + value, 0) / 1000;
  }

  async #reported(command: 'report' | 'stop'): Promise<AgentReport> {
    const answer = await ask<Answer>(this.#child, command);
    if (answer.is === 'started') throw new Error('the agent process answered out of turn');
    return answer.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

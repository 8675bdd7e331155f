import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentReport } from '../../src/agent/lifecycle.ts';
import type { KernelLimits } from '../../src/agent/limits.ts';
import type { Account } from '../../src/export/ledger.ts';
import { accountOf } from './capture.ts';
import type { ListedPod } from './pod-inventory.ts';

const FIXTURE = fileURLToPath(new URL('./kept-agent.fixture.ts', import.meta.url));

/** What an agent of a test captures, and where. */
export interface Setting {
  /** Undefined: its capture ends with it. */
  readonly bpffs: string | undefined;
  readonly pods: readonly ListedPod[];
  /** Where its flows go. */
  readonly file: string;
  readonly limits: Partial<Omit<KernelLimits, 'flowIdKey'>>;
  /** The sink takes so long for every batch. */
  readonly slowMillis: number;
  /** There is a second capture, `hanging`, whose export takes nothing. */
  readonly hasHanging: boolean;
}

export type Order = 'capture' | 'nothing' | 'report' | 'stop';

export type Answer = { readonly report: AgentReport; readonly hasRecovered: boolean } | { readonly failure: string };

/** An agent in a process of its own, which can be killed. */
export class KeptAgent implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it captures. */
  static async start(setting: Setting): Promise<KeptAgent> {
    const agent = KeptAgent.spawn(setting);
    await agent.order('capture');
    return agent;
  }

  /** An agent that has no plan yet. */
  static spawn(setting: Setting): KeptAgent {
    return new KeptAgent(fork(FIXTURE, [JSON.stringify(setting)]));
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('no process');
  }

  /** @throws Error with what the agent says of its failure. */
  async order(order: Order): Promise<{ readonly report: AgentReport; readonly hasRecovered: boolean }> {
    const waiting = new AbortController();
    const { signal } = waiting;
    const answered = Promise.race([
      once(this.#child, 'message', { signal }),
      once(this.#child, 'exit', { signal }).then(() => assert.fail('the agent has ended')),
    ]).finally(() => waiting.abort());
    this.#child.send(order);
    const [answer]: Answer[] = await answered;
    if (answer === undefined || 'failure' in answer) throw new Error(answer?.failure);
    return answer;
  }

  async account(): Promise<Account> {
    return accountOf((await this.order('report')).report, 'all');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

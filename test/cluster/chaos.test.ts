import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import { eventually } from '../support/cluster/eventually.ts';
import { whyNoCluster } from '../support/cluster/requirements.ts';
import { AgentStandIn } from '../support/operator/agent-stand-in.ts';
import { OperatorProcess } from '../support/operator/operator-process.ts';
import { beginning, randomSteps, type Step } from '../support/operator/scenario.ts';
import { snapshot, unsummed } from '../support/operator/snapshot.ts';
import { OPERATOR, World } from '../support/operator/world.ts';
import { randomFrom, SEED } from '../support/random.ts';

/**
 * Two clusters go through the same changes: in one the operator runs undisturbed, in the other it is killed, and the API
 * server with it. Afterwards both hold the same.
 */

const reason = whyNoCluster();
const ROUNDS = Number(process.env['WEIR_SOAK_ROUNDS'] ?? 5);
const STEPS = 17;
const OUTAGE_MILLIS = 60_000;

class Side implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly world: World;
  readonly agents: AgentStandIn;
  readonly #kubeconfig: string;
  #operator: OperatorProcess;

  private constructor(
    cluster: Cluster,
    world: World,
    agents: AgentStandIn,
    kubeconfig: string,
    operator: OperatorProcess,
  ) {
    this.cluster = cluster;
    this.world = world;
    this.agents = agents;
    this.#kubeconfig = kubeconfig;
    this.#operator = operator;
  }

  static async start(): Promise<Side> {
    const cluster = await startCluster();
    const world = await World.install(cluster);
    await beginning(world);
    const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
    const operator = await OperatorProcess.startWith(cluster, kubeconfig);
    return new Side(cluster, world, await AgentStandIn.create(cluster), kubeconfig, operator);
  }

  get operatorPid(): number | undefined {
    return this.#operator.pid;
  }

  /** Why the operator ended; undefined while it runs. */
  get failure(): string | undefined {
    return this.#operator.failure;
  }

  async killOperator(): Promise<void> {
    await this.#operator.kill();
    this.#operator = await OperatorProcess.startWith(this.cluster, this.#kubeconfig);
  }

  /** Makes a change, and once more whenever it is not known whether the API server has heard it. */
  async make({ text, run }: Step): Promise<void> {
    await eventually(() => run(this.world), { what: text, timeoutMillis: OUTAGE_MILLIS + 30_000 });
  }

  /** Until the agents run what is planned, the operator has nothing to do, and the sums are right. */
  async settle(): Promise<void> {
    await eventually(
      async () => {
        await this.#operator.ready();
        const before = await snapshot(this.world);
        const [behind, wrong, metrics] = [
          await this.agents.reportAll(),
          await unsummed(this.world),
          await this.#operator.metrics(),
        ];
        const busy = [...metrics].filter(([name, value]) => name.startsWith('weir_operator_queue_size') && value > 0);
        if (behind + wrong.length + busy.length > 0)
          throw new Error([`${behind} agents behind`, ...wrong, ...busy].join(', '));
        await pause(300);
        if (!isDeepStrictEqual(await snapshot(this.world), before)) throw new Error('objects still change');
      },
      { what: 'everything is settled', timeoutMillis: 60_000 },
    );
  }

  /** Every agent counts on, by the same amounts on both sides. */
  async count(round: number): Promise<void> {
    for (const { metadata, spec } of await this.world.agents()) {
      const observed = 100 * round + Number(metadata.name.slice(1));
      const flows = { perSecond: round, observed, exported: observed - 3, filtered: 1, sampledOut: 0, lost: 2 };
      const captures = Object.fromEntries(spec.plan.captures.map(({ name }) => [name, { flows }]));
      const delivering = { state: 'Delivering', delivered: observed - 3 } as const;
      const exports = Object.fromEntries(spec.plan.exports.map(({ name }) => [name, delivering]));
      await this.agents.report(metadata.name, { captures, exports });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator.kill();
    await this.cluster.stop();
  }
}

describe.skipIf(reason !== undefined)(`killed at random points (seed ${SEED}) ${reason ?? ''}`, () => {
  let undisturbed: Side;
  let disturbed: Side;
  const random = randomFrom(SEED);

  beforeAll(async () => {
    undisturbed = await Side.start();
    disturbed = await Side.start();
    await Promise.all([undisturbed.settle(), disturbed.settle()]);
  });

  afterAll(async () => {
    await undisturbed?.[Symbol.asyncDispose]();
    await disturbed?.[Symbol.asyncDispose]();
  });

  async function sameAfter(steps: readonly Step[], disturb: () => Promise<void>, round: number): Promise<void> {
    const calm = (async () => {
      for (const step of steps) await undisturbed.make(step);
    })();
    const stormy = (async () => {
      for (const step of steps) await disturbed.make(step);
    })();
    await Promise.all([calm, stormy, disturb()]);
    await Promise.all([undisturbed.settle(), disturbed.settle()]);
    await Promise.all([undisturbed.count(round), disturbed.count(round)]);
    await Promise.all([undisturbed.settle(), disturbed.settle()]);
    // What a selector that selects nothing is told of other labels may be 10 s old: whoever started later knows it earlier.
    await eventually(() => expectTheSame(steps), { what: 'both hold the same', timeoutMillis: 15_000 });
  }

  async function expectTheSame(steps: readonly Step[]): Promise<void> {
    const [expected, found] = [await snapshot(undisturbed.world), await snapshot(disturbed.world)];
    expect(Object.keys(expected).length).toBeGreaterThan(5);
    expect({ steps: steps.map(({ text }) => text), found }).toEqual({ steps: expect.anything(), found: expected });
  }

  test.each(Array.from({ length: ROUNDS }, (_, at) => at + 1))(
    'round %i: all objects equal those of an undisturbed run',
    async (round) => {
      const steps = randomSteps(random, STEPS);
      const [waits, killsServer] = [[random() * 400, random() * 800, random() * 800], random() < 0.5];
      const disturb = async () => {
        for (const [at, wait] of waits.entries()) {
          await pause(wait);
          await disturbed.killOperator();
          if (at !== 1 || !killsServer) continue;
          await disturbed.cluster.killApiServer();
          await pause(wait);
          await disturbed.cluster.startApiServer();
        }
      };
      await sameAfter(steps, disturb, round);
      expect(disturbed.failure).toBeUndefined();
    },
    180_000,
  );

  test('the API server gone for a minute: the same, and the operator has not ended', async () => {
    const steps = randomSteps(random, STEPS);
    const disturb = async () => {
      await disturbed.cluster.killApiServer();
      await pause(OUTAGE_MILLIS);
      await disturbed.cluster.startApiServer();
    };
    const before = disturbed.operatorPid;
    await sameAfter(steps, disturb, ROUNDS + 1);
    expect(disturbed.operatorPid).toBe(before);
    expect(disturbed.failure).toBeUndefined();
  }, 240_000);
});

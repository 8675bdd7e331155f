import type { CaptureReport, ExportReport, FlowAgent } from '../../../src/api/types.generated.ts';
import { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { eventually } from '../cluster/eventually.ts';
import { AGENT } from './world.ts';

type Report = NonNullable<FlowAgent['status']>;
type Plan = FlowAgent['spec']['plan'];
type Planned = { readonly uid: string; readonly name: string };

/** What an agent counts and says beyond that it runs its plan, by the name of the capture or export. */
export interface Saying {
  readonly captures?: Readonly<Record<string, Partial<CaptureReport>>>;
  readonly exports?: Readonly<Record<string, Partial<ExportReport>>>;
}

/** Agents, as far as the API server sees them: reports on real FlowAgents, with the rights of an agent. */
export class AgentStandIn {
  readonly #api: Api;

  private constructor(api: Api) {
    this.#api = api;
  }

  static async create(cluster: Cluster): Promise<AgentStandIn> {
    return new AgentStandIn(new Api(await cluster.kubeconfigFor(AGENT)));
  }

  /** Reports of one node that it runs its plan as it stands, save for what is said. */
  async report(node: string, saying: Saying = {}): Promise<void> {
    const agent = (await this.#agents()).find(({ metadata }) => metadata.name === node);
    if (agent === undefined) throw new Error(`there is no FlowAgent ${node}`);
    await this.#write(agent, saying);
  }

  /** One round: every node whose agent has not said so yet reports that it runs its plan. Returns how many did. */
  async reportAll(): Promise<number> {
    const behind = (await this.#agents()).filter(({ spec, status }) => status?.planHash !== spec.plan.hash);
    for (const agent of behind) await this.#write(agent, {});
    return behind.length;
  }

  /** Rounds of {@link reportAll} until every node runs its plan. */
  async catchUp(): Promise<void> {
    await eventually(
      async () => {
        const behind = await this.reportAll();
        if (behind > 0) throw new Error(`${behind} agents were behind`);
      },
      { what: 'every agent runs its plan' },
    );
  }

  #agents(): Promise<readonly FlowAgent[]> {
    return this.#api.list<FlowAgent>('/apis/weir.dev/v1alpha1/flowagents');
  }

  async #write({ metadata, spec: { plan }, status: before }: FlowAgent, saying: Saying): Promise<void> {
    const path = `/apis/weir.dev/v1alpha1/flowagents/${metadata.name}/status`;
    const status: Report = {
      ...(metadata.generation !== undefined && { observedGeneration: metadata.generation }),
      planHash: plan.hash,
      version: '0.1.0',
      features: ['protocol.TCP'],
      kernel: { release: '6.18.0', btf: true },
      programs: plan.programs.map((name) => ({ name, state: 'Attached' })),
      captures: [...captureRows(plan, before, saying), ...ended(before?.captures, plan.captures)],
      exports: [...exportRows(plan, before, saying), ...ended(before?.exports, plan.exports)],
    };
    const applied = { apiVersion: 'weir.dev/v1alpha1', kind: 'FlowAgent', metadata: { name: metadata.name }, status };
    await this.#api.apply(path, applied, { fieldManager: 'weir-agent', force: true });
  }
}

/** Counters go on from where they were; what was wrong before is not any more. */
function captureRows(plan: Plan, before: Report | undefined, { captures = {} }: Saying): CaptureReport[] {
  return plan.captures.map(({ uid, name, generation }) => {
    const { flows, lastFlowTime } = before?.captures?.find((row) => row.uid === uid) ?? {};
    const counted = { ...(flows !== undefined && { flows }), ...(lastFlowTime !== undefined && { lastFlowTime }) };
    return { uid, name, generation, state: 'Programmed', ...counted, ...captures[name] };
  });
}

function exportRows(plan: Plan, before: Report | undefined, { exports = {} }: Saying): ExportReport[] {
  return plan.exports.map(({ uid, name }) => {
    const { state = 'Idle', delivered, dropped } = before?.exports?.find((row) => row.uid === uid) ?? {};
    const counted = { ...(delivered !== undefined && { delivered }), ...(dropped !== undefined && { dropped }) };
    return { uid, name, state, ...counted, ...exports[name] };
  });
}

/** What has left the plan is remembered, so that totals do not step back. */
function ended<Row extends Planned>(
  rows: readonly Row[] = [],
  planned: readonly Planned[],
): (Row & { state: 'Ended' })[] {
  const running = new Set(planned.map(({ uid }) => uid));
  return rows.filter(({ uid }) => !running.has(uid)).map((row) => Object.assign({}, row, { state: 'Ended' as const }));
}

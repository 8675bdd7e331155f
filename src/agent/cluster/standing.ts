import type { FlowAgent } from '../../api/types.generated.ts';
import type { KubeObject } from '../../kube/object.ts';

export type AgentStatus = NonNullable<FlowAgent['status']>;
export type AgentObject = KubeObject<FlowAgent['spec'], FlowAgent['status']>;

/** This node's FlowAgent as the API server has it: the plan that is obeyed, and what was reported before. */
export interface Standing {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly plan: FlowAgent['spec']['plan'];
  readonly status: AgentStatus;
  /** When an agent last reported, RFC 3339; undefined where none has. */
  readonly reportedAt: string | undefined;
}

/** The field manager of agents' reports. */
export const AGENT_FIELD_MANAGER = 'weir-agent';

/** The API server has validated the object against its schema. @throws Error where it has no plan. */
export function reduceStanding({ metadata, spec, status = {} }: AgentObject): Standing {
  if (spec === undefined) throw new Error(`FlowAgent ${metadata.name} has no plan`);
  const report = metadata.managedFields?.find(
    ({ manager, subresource }) => manager === AGENT_FIELD_MANAGER && subresource === 'status',
  );
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    plan: spec.plan,
    status,
    reportedAt: report?.time,
  };
}

/** Whether both ask for the same, of the same object. */
export function isSamePlan(before: Standing | undefined, after: Standing | undefined): boolean {
  return before?.uid === after?.uid && before?.generation === after?.generation;
}

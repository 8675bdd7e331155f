import type { FlowAgent, FlowCapture, FlowExport } from '../../../src/api/types.generated.ts';
import { canonicalJson, sha256 } from '../../../src/plan/canonical.ts';
import type { World } from './world.ts';

type Written = FlowCapture | FlowExport | FlowAgent;
type Managed = {
  readonly metadata: {
    readonly managedFields?: readonly { readonly manager: string; readonly subresource?: string }[];
  };
};

/**
 * Every object of weir.dev as it would be in any other run of the same changes: without instants, uids, and what counts
 * writes, such as the generation of a plan. A plan's hash is replaced by whether it is right, since uids are in it.
 */
export async function snapshot(world: World): Promise<Readonly<Record<string, unknown>>> {
  const all: Record<string, unknown> = {};
  for (const plural of ['flowcaptures', 'flowexports', 'flowagents'] as const) {
    for (const object of await world.api.list<Written & Managed>(`/apis/weir.dev/v1alpha1/${plural}`)) {
      const { name, namespace, managedFields = [] } = object.metadata;
      const managers = managedFields.map(({ manager, subresource = '' }) => `${manager} ${subresource}`).toSorted();
      const plan = 'plan' in object.spec ? object.spec.plan : undefined;
      all[`${plural} ${namespace ?? ''}/${name}`] = {
        spec: anonymous(object.spec),
        status: anonymous(plan === undefined ? object.status : { ...object.status, observedGeneration: undefined }),
        managers,
        finalizers: Object.entries(object.metadata).find(([key]) => key === 'finalizers')?.[1],
        ...(plan !== undefined && { hashIsRight: isRight(plan), applied: isApplied(object, plan.hash) }),
      };
    }
  }
  return all;
}

/** What no condition may hide: that the sums of a capture are those that its nodes report. */
export async function unsummed(world: World): Promise<string[]> {
  const rows = (await world.agents()).flatMap(({ status }) => status?.captures ?? []);
  const captures = await world.api.list<FlowCapture>('/apis/weir.dev/v1alpha1/flowcaptures');
  return captures.flatMap(({ metadata, status }) => {
    const own = rows.filter(({ uid }) => uid === metadata.uid);
    const expected = own.reduce((sum, { flows }) => sum + (flows?.observed ?? 0), status?.retired?.observed ?? 0);
    const shown = status?.flows?.observed;
    return shown === expected ? [] : [`${metadata.namespace}/${metadata.name}: ${shown} instead of ${expected}`];
  });
}

function isRight({ hash, ...content }: FlowAgent['spec']['plan']): boolean {
  return hash === sha256(canonicalJson(content));
}

function isApplied({ status }: Written, hash: string): boolean {
  return status !== undefined && 'planHash' in status && status.planHash === hash;
}

const OF_ONE_RUN = new Set(['uid', 'hash', 'planHash', 'lastTransitionTime', 'agents']);

function anonymous(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(anonymous);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !OF_ONE_RUN.has(key))
      .map(([key, child]) => [key, anonymous(child)]),
  );
}

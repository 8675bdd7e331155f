import { OPERATOR_FIELD_MANAGER } from '../../api/names.ts';
import type { FlowAgent, FlowCapture, FlowExport } from '../../api/types.generated.ts';
import { type KubeObject, keyOf } from '../../kube/object.ts';
import { canonicalJson, sha256 } from '../../plan/canonical.ts';
import { acceptCapture, acceptExport } from '../acceptance.ts';
import type { Agent, Capture, ClusterNamespace, ClusterNode, ClusterPod, Export, StandingPlan } from './objects.ts';

/** From what the API server sends to what the operator keeps. The server has validated it: the shapes are certain. */

interface StatusCondition {
  readonly type: string;
  readonly status: string;
}

export type CaptureObject = KubeObject<FlowCapture['spec'], FlowCapture['status']> & Pick<FlowCapture, 'spec'>;
export type ExportObject = KubeObject<FlowExport['spec'], FlowExport['status']> & Pick<FlowExport, 'spec'>;
export type AgentObject = KubeObject<FlowAgent['spec'], FlowAgent['status']>;
export type PodObject = KubeObject<{ readonly nodeName?: string }, { readonly phase?: string } & Conditioned>;
type NodeObject = KubeObject<unknown, Conditioned>;

interface Conditioned {
  readonly conditions?: readonly StatusCondition[];
}

const TERMINAL_PHASES = new Set(['Succeeded', 'Failed']);

export function reduceCapture(original: CaptureObject, operatorNamespace: string): Capture {
  const { metadata, spec, status } = original;
  const { name, namespace = '', uid = '', generation = 0, creationTimestamp = '' } = metadata;
  const object: FlowCapture = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'FlowCapture',
    metadata: { name, namespace, uid, generation, creationTimestamp },
    spec,
    ...(status !== undefined && { status }),
  };
  const accepted = acceptCapture(object, operatorNamespace);
  return { ...stored(original), key: keyOf(metadata), namespace, generation, object, accepted };
}

export function reduceExport(original: ExportObject, operatorNamespace: string): Export {
  const { metadata, spec, status } = original;
  const { name, namespace = '', uid = '', generation = 0, creationTimestamp = '' } = metadata;
  const object: FlowExport = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'FlowExport',
    metadata: { name, namespace, uid, generation, creationTimestamp },
    spec,
    ...(status !== undefined && { status }),
  };
  const accepted = acceptExport(object, operatorNamespace);
  return { ...stored(original), key: keyOf(metadata), namespace, generation, object, accepted };
}

/** @param before the same FlowAgent as it was: as long as its spec is the same, its plan need not be read again. */
export function reduceAgent(object: AgentObject, before: Agent | undefined): Agent {
  const { metadata, spec, status } = object;
  const { uid = '', generation = 0 } = metadata;
  const written = metadata.managedFields?.find(
    ({ manager, subresource }) => manager === OPERATOR_FIELD_MANAGER && subresource === undefined,
  );
  const isSame = before?.uid === uid && before.generation === generation;
  return {
    ...stored(object),
    node: metadata.name,
    generation,
    owner: metadata.ownerReferences?.find(({ kind }) => kind === 'Node')?.uid,
    finalizers: metadata.finalizers ?? [],
    plannedAt: written?.time === undefined ? undefined : Date.parse(written.time),
    plan: isSame ? before.plan : standingPlan(spec?.plan),
    captures: byUid(status?.captures),
    exports: byUid(status?.exports),
  };
}

function standingPlan(plan: FlowAgent['spec']['plan'] | undefined): StandingPlan {
  if (plan === undefined) return { hash: undefined, captures: new Set(), exports: new Set() };
  const { hash, ...content } = plan;
  return {
    hash: hash === sha256(canonicalJson(content)) ? hash : undefined,
    captures: new Set(plan.captures.map(({ uid }) => uid)),
    exports: new Set(plan.exports.map(({ uid }) => uid)),
  };
}

function byUid<Row extends { readonly uid: string }>(rows: readonly Row[] = []): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.uid, row]));
}

export function reduceNode(object: NodeObject): ClusterNode {
  const { metadata, status } = object;
  return {
    ...stored(object),
    name: metadata.name,
    labels: metadata.labels ?? {},
    ready: holds(status?.conditions, 'Ready'),
    createdAt: Date.parse(metadata.creationTimestamp ?? ''),
  };
}

export function reduceNamespace(object: KubeObject): ClusterNamespace {
  const { metadata } = object;
  return { ...stored(object), name: metadata.name, labels: metadata.labels ?? {} };
}

export function reducePod(object: PodObject): ClusterPod {
  const { metadata, spec, status } = object;
  const ended = TERMINAL_PHASES.has(status?.phase ?? '');
  return {
    ...stored(object),
    key: keyOf(metadata),
    namespace: metadata.namespace ?? '',
    labels: metadata.labels ?? {},
    // Of a pod without a node spec.nodeName is absent, or empty where somebody wrote it so.
    node: ended || spec?.nodeName === '' ? undefined : spec?.nodeName,
    ready: holds(status?.conditions, 'Ready'),
  };
}

function stored({ metadata }: KubeObject): Pick<Capture, 'uid' | 'resourceVersion' | 'terminating'> {
  const { uid = '', resourceVersion = '', deletionTimestamp } = metadata;
  return { uid, resourceVersion, terminating: deletionTimestamp !== undefined };
}

function holds(conditions: readonly StatusCondition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

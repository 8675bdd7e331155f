import { verdict } from '../../../src/api/conditions.ts';
import type { CaptureReport, ExportReport, FlowCapture, FlowExport } from '../../../src/api/types.generated.ts';
import { acceptCapture, acceptExport } from '../../../src/operator/acceptance.ts';
import type { CaptureFacts, Missed, NodeFacts } from '../../../src/operator/controllers/capture/facts.ts';
import type { Agent, Capture, ClusterNode, ClusterPod, Export } from '../../../src/operator/state/objects.ts';
import type { AgentRow } from '../../../src/operator/status/retired.ts';

/** The shortest way to write what the operator's pure parts look at. Objects are as an API server returns them. */

export const OPERATOR_NAMESPACE = 'weir-system';
/** The instant at which every test looks. */
export const NOW = Date.parse('2026-11-25T12:00:00Z');

export function capture(
  key: string,
  spec: Partial<FlowCapture['spec']> = {},
  rest: { generation?: number; status?: FlowCapture['status']; uid?: string; created?: string } = {},
): Capture {
  const [namespace = '', name = ''] = key.split('/');
  const { generation = 1, uid = `uid-${key}`, status, created = '2026-11-25T11:00:00Z' } = rest;
  const object: FlowCapture = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'FlowCapture',
    metadata: { name, namespace, uid, generation, creationTimestamp: created },
    spec: {
      protocols: ['TCP'],
      direction: 'Any',
      sampling: { oneIn: 1 },
      reporting: { activeSeconds: 60, idleSeconds: 15 },
      limits: { flowsPerSecond: 20_000 },
      suspend: false,
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
  const accepted = acceptCapture(object, OPERATOR_NAMESPACE);
  return { key, namespace, uid, generation, resourceVersion: '1', terminating: false, object, accepted };
}

export function flowExport(
  key: string,
  spec: Partial<FlowExport['spec']> = { stdout: {} },
  rest: { generation?: number; status?: FlowExport['status'] } = {},
): Export {
  const [namespace = '', name = ''] = key.split('/');
  const { generation = 1, status } = rest;
  const uid = `uid-${key}`;
  const object: FlowExport = {
    apiVersion: 'weir.dev/v1alpha1',
    kind: 'FlowExport',
    metadata: { name, namespace, uid, generation },
    spec: {
      batch: { maxRecords: 1000, maxSeconds: 1, maxBytes: 1_048_576 },
      buffer: { memoryBytes: 16_777_216, diskBytes: 0, onFull: 'DropOldest' },
      allowedNamespaces: { from: 'Same' },
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
  const accepted = acceptExport(object, OPERATOR_NAMESPACE);
  return { key, namespace, uid, generation, resourceVersion: '1', terminating: false, object, accepted };
}

export function node(name: string, rest: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    terminating: false,
    labels: {},
    ready: true,
    createdAt: NOW - 3_600_000,
    ...rest,
  };
}

export function pod(key: string, on: string | undefined, rest: Partial<ClusterPod> = {}): ClusterPod {
  const [namespace = ''] = key.split('/');
  const stored = { uid: `uid-${key}`, resourceVersion: '1', terminating: false };
  return { ...stored, key, namespace, labels: {}, node: on, ready: true, ...rest };
}

const NO_PLAN = { hash: undefined, captures: new Set<string>(), exports: new Set<string>() };

/** What an agent says of captures and exports. */
export interface Said {
  readonly captures?: readonly CaptureReport[];
  readonly exports?: readonly ExportReport[];
}

export function agent(name: string, { captures = [], exports = [] }: Said = {}, rest: Partial<Agent> = {}): Agent {
  return {
    node: name,
    uid: `agent-${name}`,
    resourceVersion: '1',
    generation: 1,
    terminating: false,
    owner: `uid-${name}`,
    finalizers: [],
    plannedAt: undefined,
    plan: NO_PLAN,
    captures: new Map(captures.map((row) => [row.uid, row])),
    exports: new Map(exports.map((row) => [row.uid, row])),
    ...rest,
  };
}

/** What an agent says of a capture that runs. */
export function report(of: Capture, rest: Partial<CaptureReport> = {}): CaptureReport {
  return { uid: of.uid, name: of.key, generation: of.generation, state: 'Programmed', ...rest };
}

/** A node in scope that has been there for an hour, with an agent. */
export function nodeFacts(name: string, rest: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    ready: true,
    createdAt: NOW - 3_600_000,
    agentReady: true,
    refused: false,
    plannedAt: NOW - 600_000,
    report: undefined,
    failing: [],
    ...rest,
  };
}

const NO_PODS: Missed = { selector: {}, candidates: { kind: 'pod', where: 'in namespace shop', labels: [] } };

/** A legal capture that selects a pod; its rows are what its nodes report. */
export function facts(of: Capture, rest: Partial<CaptureFacts> = {}): CaptureFacts {
  const nodes = rest.nodes ?? [];
  const rows = nodes.flatMap(({ name, report: row }): AgentRow<CaptureReport>[] =>
    row === undefined ? [] : [{ agent: `agent-${name}`, node: name, terminating: false, alive: true, row }],
  );

  return {
    capture: of,
    accepted: of.accepted,
    resolved: verdict('FlowCapture', 'ResolvedRefs', 'ResolvedRefs', 'every export can be used'),
    matchedPods: 1,
    missed: rest.matchedPods === 0 ? NO_PODS : undefined,
    nodes,
    rows,
    agentExists: () => true,
    ...rest,
  };
}

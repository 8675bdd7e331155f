import type { CaptureReport } from '../../../api/types.generated.ts';
import type { Labels } from '../../../plan/selector.ts';
import { acceptCapture } from '../../acceptance.ts';
import { resolveReferences } from '../../references.ts';
import type { Agent, Capture } from '../../state/objects.ts';
import { nodesOf, podsInScope, selectsPod } from '../../state/scope.ts';
import { exportKeys, type State } from '../../state/state.ts';
import type { AgentRow } from '../../status/retired.ts';
import type { CaptureFacts, NodeFacts } from './facts.ts';

/** All that the status of a capture follows from, out of what the watches have brought. */
export function gatherCapture(state: State, capture: Capture): CaptureFacts {
  const agents = Array.from(state.agents.by('reported', capture.uid));
  const { matchedPods, missed } = countPods(state, capture);
  const uids = new Set(Array.from(state.agents.values(), ({ uid }) => uid));
  return {
    capture,
    accepted: acceptCapture(capture, state.operatorNamespace),
    resolved: resolveReferences(state, capture),
    matchedPods,
    missed,
    nodes: Array.from(nodesOf(state, capture), (node) => gatherNode(state, capture, node)),
    rows: agents.flatMap((agent) => rowsOf(agent, capture)),
    agentExists: (uid) => uids.has(uid),
  };
}

function countPods(state: State, capture: Capture): Pick<CaptureFacts, 'matchedPods' | 'missed'> {
  let matchedPods = 0;
  const missed: Labels[] = [];
  for (const { labels } of podsInScope(state, capture)) {
    if (selectsPod(capture, labels)) matchedPods += 1;
    else if (matchedPods === 0) missed.push(labels);
  }
  return { matchedPods, missed: matchedPods === 0 ? missed : [] };
}

function gatherNode(state: State, capture: Capture, name: string): NodeFacts {
  const node = state.nodes.get(name);
  const agent = state.agents.get(name);
  const exports = new Set(exportKeys(capture).flatMap((key) => state.exports.get(key)?.uid ?? []));
  return {
    name,
    ready: node?.ready === true,
    createdAt: node?.createdAt ?? 0,
    agentReady: Array.from(state.pods.by('agentOn', name)).some(({ ready }) => ready),
    refused: state.refused.get(name)?.has(capture.uid) === true,
    plannedAt: agent?.plannedAt,
    report: agent?.status.captures?.find(({ uid }) => uid === capture.uid),
    failing: (agent?.status.exports ?? []).filter(({ uid, state: is }) => is === 'Failing' && exports.has(uid)),
  };
}

function rowsOf({ uid, node, terminating, status }: Agent, capture: Capture): AgentRow<CaptureReport>[] {
  return (status.captures ?? [])
    .filter((row) => row.uid === capture.uid)
    .map((row) => ({ agent: uid, node, terminating, row }));
}

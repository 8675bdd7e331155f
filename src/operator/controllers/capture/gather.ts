import type { CaptureReport } from '../../../api/types.generated.ts';
import type { Labels } from '../../../plan/selector.ts';
import { resolveReferences } from '../../references.ts';
import type { Agent, Capture } from '../../state/objects.ts';
import { nodesOf, podsInScope, selectsPod } from '../../state/scope.ts';
import { exportKeys, isAgentAlive, type State } from '../../state/state.ts';
import type { AgentRow } from '../../status/retired.ts';
import type { CaptureFacts, NodeFacts } from './facts.ts';
import { whatMissed } from './missed.ts';

/** All that the status of a capture follows from, out of what the watches have brought. */
export function gatherCapture(state: State, capture: Capture): CaptureFacts {
  const { matchedPods, missed } = countPods(state, capture);
  const exports = new Set(exportKeys(capture).flatMap((key) => state.exports.get(key)?.uid ?? []));
  return {
    capture,
    accepted: capture.accepted,
    resolved: resolveReferences(state, capture),
    matchedPods,
    missed,
    nodes: Array.from(nodesOf(state, capture), (node) => gatherNode(state, capture, exports, node)),
    rows: Array.from(state.agents.by('reported', capture.uid)).flatMap((agent) => rowsOf(state, agent, capture)),
    agentExists: (uid) => !state.agents.by('uid', uid).next().done,
  };
}

function countPods(state: State, capture: Capture): Pick<CaptureFacts, 'matchedPods' | 'missed'> {
  let matchedPods = 0;
  const passed: Labels[] = [];
  for (const { labels } of podsInScope(state, capture)) {
    if (selectsPod(capture, labels)) matchedPods += 1;
    else if (matchedPods === 0) passed.push(labels);
  }
  return { matchedPods, missed: matchedPods === 0 ? whatMissed(state, capture, passed) : undefined };
}

function gatherNode(state: State, { uid }: Capture, exports: ReadonlySet<string>, name: string): NodeFacts {
  const node = state.nodes.get(name);
  const agent = state.agents.get(name);
  const alive = isAgentAlive(state, name);
  return {
    name,
    ready: node?.ready === true,
    createdAt: node?.createdAt ?? 0,
    agentReady: alive,
    refused: state.refused.get(name)?.has(uid) === true,
    plannedAt: agent?.plan.captures.has(uid) === true ? agent.plannedAt : undefined,
    report: agent?.captures.get(uid),
    failing: alive
      ? [...exports].flatMap((target) => agent?.exports.get(target) ?? []).filter(({ state: is }) => is === 'Failing')
      : [],
  };
}

function rowsOf(state: State, { uid, node, terminating, captures }: Agent, of: Capture): AgentRow<CaptureReport>[] {
  const row = captures.get(of.uid);
  return row === undefined ? [] : [{ agent: uid, node, terminating, alive: isAgentAlive(state, node), row }];
}

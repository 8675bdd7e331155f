import { acceptExport } from '../../acceptance.ts';
import type { Export } from '../../state/objects.ts';
import type { State } from '../../state/state.ts';
import type { ExportFacts } from './facts.ts';

/** All that the status of an export follows from, out of what the watches have brought. */
export function gatherExport(state: State, target: Export): ExportFacts {
  const uids = new Set(Array.from(state.agents.values(), ({ uid }) => uid));
  return {
    target,
    accepted: acceptExport(target, state.operatorNamespace),
    nodes: Array.from(state.agents.by('planned', target.uid), ({ node }) => node),
    rows: Array.from(state.agents.by('reported', target.uid)).flatMap(({ uid, node, terminating, status }) =>
      (status.exports ?? [])
        .filter((row) => row.uid === target.uid)
        .map((row) => ({ agent: uid, node, terminating, row })),
    ),
    agentExists: (uid) => uids.has(uid),
  };
}

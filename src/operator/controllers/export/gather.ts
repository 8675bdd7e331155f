import type { Export } from '../../state/objects.ts';
import { isAgentAlive, type State } from '../../state/state.ts';
import type { ExportFacts } from './facts.ts';

/** All that the status of an export follows from, out of what the watches have brought. */
export function gatherExport(state: State, target: Export): ExportFacts {
  return {
    target,
    accepted: target.accepted,
    nodes: Array.from(state.agents.by('planned', target.uid), ({ node }) => node),
    rows: Array.from(state.agents.by('reported', target.uid)).flatMap(({ uid, node, terminating, exports }) => {
      const row = exports.get(target.uid);
      return row === undefined ? [] : [{ agent: uid, node, terminating, alive: isAgentAlive(state, node), row }];
    }),
    agentExists: (uid) => !state.agents.by('uid', uid).next().done,
  };
}

import { endOf } from '../../../plan/duration.ts';
import { isAccepted } from '../../acceptance.ts';
import type { Agent, Capture, ClusterNode, Export } from '../../state/objects.ts';
import { capturesOn } from '../../state/scope.ts';
import { exportKeys, type State } from '../../state/state.ts';

/** Everything that a FlowAgent follows from. */
export interface AgentFacts {
  /** The Node of that name; undefined where there is none. */
  readonly node: ClusterNode | undefined;
  /** The FlowAgent of that name; undefined where there is none. */
  readonly agent: Agent | undefined;
  /** Nodes in the cluster. */
  readonly nodeCount: number;
  /** Legal captures that belong into the node's plan, and have not ended by themselves. */
  readonly captures: readonly Capture[];
  /** When the next of them ends by itself: ms since the epoch. */
  readonly nextEnd: number | undefined;
  /** Legal exports that any of them names. */
  readonly exports: readonly Export[];
  /** Whether some capture or export has not taken over yet what this FlowAgent has counted for it. */
  readonly countersPending: boolean;
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
}

/** All that the FlowAgent of a node follows from, out of what the watches have brought. @param now ms since the epoch. */
export function gatherAgent(state: State, name: string, agent: Agent | undefined, now: number): AgentFacts {
  const captures = Array.from(capturesOn(state, name)).filter(
    ({ terminating, accepted, object }) =>
      !terminating && isAccepted(accepted) && (endOf(object) ?? Number.POSITIVE_INFINITY) > now,
  );
  const ends = captures.flatMap(({ object }) => endOf(object) ?? []);
  const exports = [...new Set(captures.flatMap(exportKeys))]
    .flatMap((key) => state.exports.get(key) ?? [])
    .filter(({ terminating, accepted }) => !terminating && isAccepted(accepted));
  return {
    node: state.nodes.get(name),
    agent,
    nodeCount: state.nodes.size,
    captures,
    nextEnd: ends.length === 0 ? undefined : Math.min(...ends),
    exports,
    countersPending: agent?.terminating === true && areCountersPending(state, agent),
    namespaceLabels: (namespace) => state.namespaces.get(namespace)?.labels ?? {},
  };
}

function areCountersPending(state: State, { uid, captures, exports }: Agent): boolean {
  // What is being deleted itself takes nothing over, and nobody asks for its totals again.
  const lacks = ({ object, terminating }: Capture | Export) =>
    !terminating && object.status?.retired?.agents?.includes(uid) !== true;
  return (
    [...captures.keys()].some((reported) => Array.from(state.captures.by('uid', reported)).some(lacks)) ||
    [...exports.keys()].some((reported) => Array.from(state.exports.by('uid', reported)).some(lacks))
  );
}

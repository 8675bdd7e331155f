import { AGENT_POD_LABELS } from '../../api/names.ts';
import { Store } from '../../kube/store.ts';
import type { Agent, Capture, ClusterNamespace, ClusterNode, ClusterPod, Export } from './objects.ts';
import { Presence } from './presence.ts';

/** Everything that the operator knows: what its watches have brought, and what follows from it. */
export interface State {
  /** Where the operator runs: captures and exports there may do what others may not. */
  readonly operatorNamespace: string;
  /** Indexed by `uid`, `namespace`, the `export`s that they name, and as `wide` where they may look into other namespaces. */
  readonly captures: Store<Capture>;
  /** Indexed by `uid`. */
  readonly exports: Store<Export>;
  /** Indexed by their own `uid`, and by the uids of what is in the plan (`planned`) and of what the agent reports on (`reported`). */
  readonly agents: Store<Agent>;
  readonly nodes: Store<ClusterNode>;
  readonly namespaces: Store<ClusterNamespace>;
  /** Indexed by `namespace`, and agents' own pods by `agentOn` their node. */
  readonly pods: Store<ClusterPod>;
  readonly presence: Presence;
  /** Uids of the captures that did not fit into a node's plan, by node. */
  readonly refused: Map<string, ReadonlySet<string>>;
  /** Keys of the captures that selected no pod when they were looked at last. */
  readonly podless: Set<string>;
}

/** The one key of the index of captures that may look into other namespaces. */
export const WIDE = 'wide';

export function newState(operatorNamespace: string): State {
  return {
    operatorNamespace,
    captures: new Store<Capture>({
      indices: {
        uid: ({ uid }) => [uid],
        namespace: ({ namespace }) => [namespace],
        export: exportKeys,
        wide: (capture) => (isWide(capture, operatorNamespace) ? [WIDE] : []),
      },
    }),
    exports: new Store<Export>({ indices: { uid: ({ uid }) => [uid] } }),
    agents: new Store<Agent>({
      indices: {
        uid: ({ uid }) => [uid],
        planned: ({ plan }) => [...plan.captures, ...plan.exports],
        reported: ({ captures, exports }) => [...captures.keys(), ...exports.keys()],
      },
    }),
    nodes: new Store<ClusterNode>(),
    namespaces: new Store<ClusterNamespace>(),
    pods: new Store<ClusterPod>({
      indices: {
        namespace: ({ namespace }) => [namespace],
        agentOn: (pod) => (pod.node !== undefined && isAgentPod(pod, operatorNamespace) ? [pod.node] : []),
      },
    }),
    presence: new Presence(),
    refused: new Map(),
    podless: new Set(),
  };
}

/** Whether it looks into other namespaces than its own, and may. */
export function isWide({ namespace, object }: Capture, operatorNamespace: string): boolean {
  return object.spec.namespaceSelector !== undefined && namespace === operatorNamespace;
}

/** `namespace/name` of the exports that the capture names. */
export function exportKeys({ namespace, object }: Capture): string[] {
  return (object.spec.exports ?? []).map((reference) => `${reference.namespace ?? namespace}/${reference.name}`);
}

export function isAgentPod({ namespace, labels }: ClusterPod, operatorNamespace: string): boolean {
  if (namespace !== operatorNamespace) return false;
  return Object.entries(AGENT_POD_LABELS).every(([key, value]) => labels[key] === value);
}

/** Whether the node is ready and has an agent that is: else its last report tells how it was, not how it is. */
export function isAgentAlive(state: State, node: string): boolean {
  if (state.nodes.get(node)?.ready !== true) return false;
  for (const { ready } of state.pods.by('agentOn', node)) if (ready) return true;
  return false;
}

/** Labels of a namespace; of one that is not known, none. */
export function namespaceLabels(state: State, namespace: string): Readonly<Record<string, string>> {
  return state.namespaces.get(namespace)?.labels ?? {};
}

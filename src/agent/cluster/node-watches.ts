/** What the agent of a node watches at the API server: the node's pods, all namespaces, and its own FlowAgent. */
import { remedyFor } from '../../api/remedy.ts';
import { FLOW_AGENTS } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { NAMESPACES, PODS } from '../../kube/resource.ts';
import { type Delta, Store } from '../../kube/store.ts';
import { Watches, type WatchesOptions } from '../../kube/watches.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import type { LiveInventory, WatchedPod } from '../identify/live-inventory.ts';
import { isSamePlan, reduceStanding, type Standing } from './standing.ts';
import { type ClusterPodObject, reduceWatchedPod } from './watched-pod.ts';

export interface NodeWatchesOptions extends Omit<WatchesOptions, 'remedy'> {
  readonly node: string;
  /** Filled from what is seen. */
  readonly inventory: LiveInventory;
  /** Filled from what is seen: the node's FlowAgent, by its name. */
  readonly standing: Store<Standing>;
  /** Something that selection or names follow from has changed. */
  readonly podsChanged: () => void;
  /** The node's FlowAgent asks for something else, or is another one. */
  readonly planChanged: () => void;
}

/** Not started yet. */
export function nodeWatches(client: KubeClient, options: NodeWatchesOptions): Watches {
  const { node, inventory, standing, podsChanged, planChanged } = options;
  const watches = new Watches(client, { ...options, remedy: (code, kinds) => remedyFor('agent', code, kinds) });
  const tell = ({ before, after }: Delta<unknown>) => {
    if (canonicalJson(before) !== canonicalJson(after)) podsChanged();
  };
  watches.add({
    resource: PODS,
    fieldSelector: `spec.nodeName=${node}`,
    store: new Store<WatchedPod>(),
    reduce: (object: ClusterPodObject) => reduceWatchedPod(object),
    onDelta: (delta) => {
      const { key, after } = delta;
      if (after === undefined) inventory.removePod(key);
      else inventory.putPod(key, after);
      tell(delta);
    },
  });
  watches.add({
    resource: NAMESPACES,
    store: new Store<Readonly<Record<string, string>>>(),
    reduce: ({ metadata }) => metadata.labels ?? {},
    onDelta: (delta) => {
      const { key, after } = delta;
      if (after === undefined) inventory.removeNamespace(key);
      else inventory.putNamespace(key, after);
      tell(delta);
    },
  });
  watches.add({
    resource: FLOW_AGENTS,
    fieldSelector: `metadata.name=${node}`,
    store: standing,
    reduce: reduceStanding,
    onDelta: ({ before, after }) => {
      if (!isSamePlan(before, after)) planChanged();
    },
  });
  return watches;
}

/** A node on which a namespace has its first pod, or no pod any more. */
export interface PresenceChange {
  readonly namespace: string;
  readonly node: string;
}

interface Placed {
  readonly namespace: string;
  readonly node: string | undefined;
}

/**
 * Which namespaces have pods on which nodes: what decides whether a capture is in a node's plan. Kept up to date pod by
 * pod, so that one pod's change costs the same in a cluster of any size.
 */
export class Presence {
  readonly #byNamespace = new Map<string, Map<string, number>>();
  readonly #byNode = new Map<string, Set<string>>();

  /** A pod appears (no `before`), changes, or goes (no `after`). Returns what is different now, in both places of a move. */
  move(before: Placed | undefined, after: Placed | undefined): PresenceChange[] {
    if (before?.node === after?.node && before?.namespace === after?.namespace) return [];
    return [...this.#count(before, -1), ...this.#count(after, 1)];
  }

  /** The nodes on which the namespace has a pod. */
  nodesOf(namespace: string): Iterable<string> {
    return this.#byNamespace.get(namespace)?.keys() ?? [];
  }

  /** The namespaces that have a pod on the node. */
  namespacesOn(node: string): Iterable<string> {
    return this.#byNode.get(node) ?? [];
  }

  #count(pod: Placed | undefined, by: 1 | -1): PresenceChange[] {
    if (pod?.node === undefined) return [];
    const { namespace, node } = pod;
    const counts = this.#byNamespace.get(namespace) ?? new Map<string, number>();
    const count = (counts.get(node) ?? 0) + by;
    if (count > 0) counts.set(node, count);
    else counts.delete(node);
    if (counts.size > 0) this.#byNamespace.set(namespace, counts);
    else this.#byNamespace.delete(namespace);
    if (count > 0 && (by < 0 || count > 1)) return [];
    const namespaces = this.#byNode.get(node) ?? new Set<string>();
    if (count > 0) namespaces.add(namespace);
    else namespaces.delete(namespace);
    if (namespaces.size > 0) this.#byNode.set(node, namespaces);
    else this.#byNode.delete(node);
    return [{ namespace, node }];
  }
}

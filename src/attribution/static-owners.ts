import type { Identity } from '../record/flow.ts';
import { identity } from './identities.ts';
import type { AddressAnswer, AddressOwners, PodOwner } from './owners.ts';

/** A pod with what an inventory says about the node that it runs on. */
export interface StaticPod extends PodOwner {
  /** The node's own addresses, in canonical text. */
  readonly nodeAddresses: readonly string[];
}

const NOT_LISTED: AddressAnswer = { is: 'none', reason: 'notInInventory' };

/**
 * Addresses of an inventory, which knows no time: who is listed is taken to own the address throughout. An address of two
 * owners is Ambiguous. hostNetwork pods share their node's address, so that it names the node and never one of them.
 */
export class StaticOwners implements AddressOwners {
  readonly #answers: ReadonlyMap<string, AddressAnswer>;

  constructor(pods: Iterable<StaticPod>) {
    const nodes = new Map<string | undefined, Identity>();
    const owners = new Map<string, Set<Identity>>();
    const add = (address: string, owner: Identity): void => {
      const known = owners.get(address);
      if (known === undefined) owners.set(address, new Set([owner]));
      else known.add(owner);
    };
    for (const pod of pods) {
      const { nodeName } = pod.identity;
      const node = nodes.get(nodeName) ?? identity({ kind: 'Node', nodeName });
      nodes.set(nodeName, node);
      for (const address of pod.addresses) add(address, pod.hostNetwork ? node : pod.identity);
      for (const address of pod.nodeAddresses) add(address, node);
    }
    this.#answers = new Map([...owners].map(([address, known]) => [address, answerOf([...known])]));
  }

  ownerAt(address: string): AddressAnswer {
    return this.#answers.get(address) ?? NOT_LISTED;
  }
}

function answerOf(owners: readonly Identity[]): AddressAnswer {
  const [first] = owners;
  if (first === undefined || owners.length > 1) return { is: 'ambiguous', candidates: owners };
  return { is: 'owned', identity: first, reason: 'inventory' };
}

/**
 * A capture's far sides as rules: the first that matches decides. By address and port alone as the kernel decides too, and
 * by label, which only user space can.
 */
import { holds, type Network, networkOf, parseNetwork } from '../../lib/network.ts';
import { type PortRange, parsePorts } from '../../plan/peers.ts';
import type { PlanPeer } from '../../plan/plan.ts';
import { type LabelSelector, selects } from '../../plan/selector.ts';
import type { SelectedPod } from '../../plan/sets.ts';
import { ROLE } from '../decode/layout.generated.ts';
import type { TcpEvent } from '../decode/tcp.ts';

type Action = PlanPeer['action'];

/** One entry of `peers`, read. */
export interface PeerRule {
  readonly action: Action;
  /** undefined: any. */
  readonly networks: readonly Network[] | undefined;
  readonly ports: readonly PortRange[] | undefined;
  /** Matches a far side that is known to be a pod, by its labels; undefined: whoever it is. */
  readonly pods: ((pod: SelectedPod) => boolean) | undefined;
}

/** What a socket knows of its far side. */
export type SocketView = Pick<TcpEvent, 'role' | 'remoteAddress' | 'remotePort' | 'localPort'>;

/** Who the far side was: a pod, nobody's pod for sure, or not known. */
export type FarSide = SelectedPod | 'noPod' | 'unknown';

/** Addresses whose rules are remembered: a capture with more far sides than this reads them anew from time to time. */
const MAX_CACHED = 4096;

/** @param namespace the capture's own: what a podSelector without a namespaceSelector means. */
export function peerRules(peers: readonly PlanPeer[], namespace: string): PeerRule[] {
  return peers.map(({ action, cidrs, ports, podSelector, namespaceSelector }) => ({
    action,
    networks: cidrs?.flatMap((text) => parseNetwork(text) ?? []),
    ports: ports?.map(parsePorts),
    pods: podsOf(podSelector, namespaceSelector, namespace),
  }));
}

/** What happens to a far side that no rule matches. */
export function otherwise(rules: readonly Pick<PeerRule, 'action'>[]): Action {
  return rules.some(({ action }) => action === 'Include') ? 'Exclude' : 'Include';
}

export class PeerRules {
  readonly #rules: readonly PeerRule[];
  readonly #otherwise: Action;
  readonly #byAddress = new Map<string, readonly PeerRule[]>();

  constructor(peers: readonly PlanPeer[], namespace: string) {
    this.#rules = peerRules(peers, namespace);
    this.#otherwise = otherwise(this.#rules);
  }

  /** By what the socket knows; `ByLabel` where a rule that asks for labels comes first. */
  bySocket(view: SocketView): Action | 'ByLabel' {
    const [rule] = this.#matching(view);
    if (rule === undefined) return this.#otherwise;
    return rule.pods === undefined ? rule.action : 'ByLabel';
  }

  /** By labels too. `Unknown`: excluded, and might be included if it were known who the far side is. */
  byLabel(view: SocketView, far: FarSide): Action | 'Unknown' {
    let mightBeIncluded = false;
    const answer = (action: Action) => (action === 'Exclude' && mightBeIncluded ? 'Unknown' : action);
    for (const { action, pods } of this.#matching(view)) {
      if (pods === undefined) return answer(action);
      if (far === 'unknown') mightBeIncluded ||= action === 'Include';
      else if (far !== 'noPod' && pods(far)) return action;
    }
    return answer(this.#otherwise);
  }

  /** In their order, those that cover address and port. */
  #matching(view: SocketView): PeerRule[] {
    const port = serverPort(view);
    return this.#covering(view.remoteAddress).filter(
      ({ ports }) => ports === undefined || ports.some(({ from, to }) => from <= port && port <= to),
    );
  }

  #covering(address: string): readonly PeerRule[] {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const own = networkOf(address);
    const covering = this.#rules.filter(
      ({ networks }) =>
        networks === undefined || (own !== undefined && networks.some((network) => holds(network, own))),
    );
    if (this.#byAddress.size >= MAX_CACHED) this.#byAddress.clear();
    this.#byAddress.set(address, covering);
    return covering;
  }
}

/** Of the side that was dialled, whoever dialled: what is `destination.port` of the record. */
function serverPort({ role, localPort, remotePort }: SocketView): number {
  return role === ROLE.passive ? localPort : remotePort;
}

function podsOf(
  podSelector: LabelSelector | undefined,
  namespaceSelector: LabelSelector | undefined,
  own: string,
): PeerRule['pods'] {
  if (podSelector === undefined && namespaceSelector === undefined) return undefined;
  return ({ namespace, labels, namespaceLabels }) =>
    selects(podSelector ?? {}, labels) &&
    (namespaceSelector === undefined ? namespace === own : selects(namespaceSelector, namespaceLabels));
}

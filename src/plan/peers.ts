/** The far sides that a capture wants (`spec.peers`), as they are written: what is wrong with them, and their one form. */
import type { FieldPath } from '../api/manifest/problem.ts';
import { formatNetwork, parseNetwork } from '../lib/network.ts';
import { compareText } from './canonical.ts';
import { shown } from './names.ts';
import type { PlanPeer } from './plan.ts';
import { normalSelector, selectorFaults } from './selector.ts';

/** A fault in a list of peers; `path` is relative to the list. */
export interface PeerFault {
  readonly path: FieldPath;
  readonly reason: 'InvalidPeers' | 'InvalidSelector';
  /** What is wrong and what to write instead. Safe for a terminal. */
  readonly message: string;
}

/** Ports from one to another, both of them included. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `53` or `8000-8999`, as the schema lets it through. */
export function parsePorts(text: string): PortRange {
  const [from = 0, to = from] = text.split('-').map(Number);
  return { from, to };
}

/** What no schema can refuse: ranges that run backwards, networks that are none, selectors that Kubernetes would not take. */
export function peerFaults(peers: readonly PlanPeer[]): PeerFault[] {
  return peers.flatMap((peer, index) => [
    ...(peer.cidrs ?? []).flatMap((text, at) => networkFaults(text, [index, 'cidrs', at])),
    ...(peer.ports ?? []).flatMap((text, at) => portFaults(text, [index, 'ports', at])),
    ...(['podSelector', 'namespaceSelector'] as const).flatMap((field) =>
      selectorFaults(peer[field] ?? {}).map(
        ({ path, message }): PeerFault => ({ path: [index, field, ...path], reason: 'InvalidSelector', message }),
      ),
    ),
  ]);
}

/** The same peers in the one form that is written into a plan: in their order, which matters, with all else sorted. */
export function normalPeers(peers: readonly PlanPeer[]): PlanPeer[] {
  return peers.map(({ action, cidrs, ports, podSelector, namespaceSelector }) => ({
    action,
    ...(cidrs !== undefined && { cidrs: sorted(cidrs.map(normalNetwork)) }),
    ...(ports !== undefined && { ports: sorted(ports.map(normalPorts)) }),
    ...(podSelector !== undefined && { podSelector: normalSelector(podSelector) }),
    ...(namespaceSelector !== undefined && { namespaceSelector: normalSelector(namespaceSelector) }),
  }));
}

function networkFaults(text: string, path: FieldPath): PeerFault[] {
  if (parseNetwork(text) !== undefined) return [];
  const message = `"${shown(text)}" is no network: write it as 10.0.0.0/8 or fd00::/8, without leading zeros`;
  return [{ path, reason: 'InvalidPeers', message }];
}

function portFaults(text: string, path: FieldPath): PeerFault[] {
  const { from, to } = parsePorts(text);
  if (from <= to) return [];
  const message = `"${shown(text)}" runs backwards: write the lower port first, "${to}-${from}"`;
  return [{ path, reason: 'InvalidPeers', message }];
}

function normalNetwork(text: string): string {
  const network = parseNetwork(text);
  return network === undefined ? text : formatNetwork(network);
}

function normalPorts(text: string): string {
  const { from, to } = parsePorts(text);
  return from === to ? String(from) : `${from}-${to}`;
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted(compareText);
}

import { type Labels, selects } from '../../plan/selector.ts';
import type { Capture, ClusterPod } from './objects.ts';
import { isWide, namespaceLabels, type State, WIDE } from './state.ts';

/** Which captures, namespaces, pods and nodes belong together. Labels of pods never decide which node gets a capture. */

/** The captures that see the pods of a namespace. */
export function* capturesOver(state: State, namespace: string): Generator<Capture> {
  for (const capture of state.captures.by('namespace', namespace)) if (covers(state, capture, namespace)) yield capture;
  if (namespace === state.operatorNamespace) return;
  for (const capture of state.captures.by('wide', WIDE)) if (covers(state, capture, namespace)) yield capture;
}

/** The captures that belong into a node's plan, before anybody asks whether they are legal. */
export function capturesOn(state: State, node: string): Set<Capture> {
  const found = new Set<Capture>();
  const labels = state.nodes.get(node)?.labels;
  if (labels === undefined) return found;
  for (const namespace of state.presence.namespacesOn(node)) {
    for (const capture of capturesOver(state, namespace)) if (wantsNode(capture, labels)) found.add(capture);
  }
  return found;
}

/** The nodes whose plan the capture belongs into: they exist, and a pod of its namespaces is there. */
export function nodesOf(state: State, capture: Capture): Set<string> {
  const found = new Set<string>();
  for (const namespace of namespacesOf(state, capture)) {
    for (const name of state.presence.nodesOf(namespace)) {
      const labels = state.nodes.get(name)?.labels;
      if (labels !== undefined && wantsNode(capture, labels)) found.add(name);
    }
  }
  return found;
}

/** The namespaces whose pods the capture sees. */
export function namespacesOf(state: State, capture: Capture): string[] {
  if (!isWide(capture, state.operatorNamespace)) return [capture.namespace];
  return Array.from(state.namespaces.values(), ({ name }) => name).filter((name) => covers(state, capture, name));
}

/** Whether its nodeSelector selects any node that there is. */
export function hasNode(state: State, capture: Capture): boolean {
  return Array.from(state.nodes.values()).some(({ labels }) => wantsNode(capture, labels));
}

/** Every pod in the capture's namespaces that runs on one of its nodes, whatever its labels. */
export function* podsInScope(state: State, capture: Capture): Generator<ClusterPod> {
  for (const namespace of namespacesOf(state, capture)) {
    for (const pod of state.pods.by('namespace', namespace)) {
      const labels = pod.node === undefined ? undefined : state.nodes.get(pod.node)?.labels;
      if (labels !== undefined && wantsNode(capture, labels)) yield pod;
    }
  }
}

/** Whether the capture selects a pod with these labels, wherever it runs. */
export function selectsPod(capture: Capture, labels: Labels): boolean {
  return selects(capture.object.spec.podSelector ?? {}, labels);
}

function covers(state: State, capture: Capture, namespace: string): boolean {
  if (!isWide(capture, state.operatorNamespace)) return capture.namespace === namespace;
  return selects(capture.object.spec.namespaceSelector ?? {}, namespaceLabels(state, namespace));
}

function wantsNode(capture: Capture, labels: Labels): boolean {
  const { nodeSelector } = capture.object.spec;
  // Asked for every pod in scope, and hardly ever set.
  return nodeSelector === undefined || selects(nodeSelector, labels);
}

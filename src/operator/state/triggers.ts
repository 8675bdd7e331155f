import type { Delta } from '../../kube/store.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import { reportSeconds } from '../report-interval.ts';
import type { Agent, Capture, ClusterNamespace, ClusterNode, ClusterPod, Export } from './objects.ts';
import { capturesOn, capturesOver, nodesOf, selectsPod } from './scope.ts';
import { exportKeys, isAgentPod, type State } from './state.ts';

/** What has to be looked at again. `…Later` is for counters and what is like them: at most once an interval. */
export interface Wake {
  readonly capture: (key: string) => void;
  readonly captureLater: (key: string) => void;
  readonly export: (key: string) => void;
  readonly exportLater: (key: string) => void;
  readonly agent: (node: string) => void;
  /** Whether this version of an object is what its controller has just written: then it need not look at it again. */
  readonly isOwnWrite: (kind: 'capture' | 'export' | 'agent', key: string, resourceVersion: string) => boolean;
}

/**
 * From a change of one object to everything that it can matter to. The stores hold the change already. Too much woken
 * costs a look; too little leaves a status that is not true.
 */
export class Triggers {
  readonly #state: State;
  readonly #wake: Wake;

  constructor(state: State, wake: Wake) {
    this.#state = state;
    this.#wake = wake;
  }

  onCapture({ key, before, after }: Delta<Capture>): void {
    const own = this.#wake.isOwnWrite('capture', key, after?.resourceVersion ?? '');
    // Of several changes that a list brings as one, the last may be the operator's own, and not the only one.
    if (!(own && isSameSpec(before, after))) this.#wake.capture(key);
    if (canonicalJson(before?.object.status?.retired) !== canonicalJson(after?.object.status?.retired)) {
      this.#terminatingAgents();
    }
    if (isSameSpec(before, after)) return;
    // What is gone, or about to go, takes no counters over any more.
    this.#terminatingAgents();
    for (const name of new Set(
      [before, after].flatMap((capture) => (capture === undefined ? [] : exportKeys(capture))),
    )) {
      this.#wake.export(name);
    }
    for (const uid of new Set([before?.uid, after?.uid])) if (uid !== undefined) this.#agentsThatRun(uid);
    if (after !== undefined) for (const node of nodesOf(this.#state, after)) this.#wake.agent(node);
  }

  onExport({ key, before, after }: Delta<Export>): void {
    const own = this.#wake.isOwnWrite('export', key, after?.resourceVersion ?? '');
    if (!(own && isSameSpec(before, after))) this.#wake.export(key);
    if (canonicalJson(before?.object.status?.retired) !== canonicalJson(after?.object.status?.retired)) {
      this.#terminatingAgents();
    }
    if (isSameSpec(before, after)) return;
    // What is gone, or about to go, takes no counters over any more.
    this.#terminatingAgents();
    for (const uid of new Set([before?.uid, after?.uid])) if (uid !== undefined) this.#agentsThatRun(uid);
    for (const capture of this.#state.captures.by('export', key)) {
      this.#wake.capture(capture.key);
      for (const node of nodesOf(this.#state, capture)) this.#wake.agent(node);
    }
    this.#capturesThatLookInVain();
  }

  onNode({ key, before, after }: Delta<ClusterNode>): void {
    if (before !== undefined && after !== undefined && sameNode(before, after)) return;
    this.#wake.agent(key);
    this.#agentReadiness(key);
    for (const namespace of this.#state.presence.namespacesOn(key)) {
      for (const capture of capturesOver(this.#state, namespace)) this.#wake.capture(capture.key);
    }
    // Who selects nodes, and no pod on any, says which labels there are.
    for (const podless of this.#state.podless) {
      if (this.#state.captures.get(podless)?.object.spec.nodeSelector !== undefined) this.#wake.captureLater(podless);
    }
    const { size } = this.#state.nodes;
    const former = size + (after === undefined ? 1 : 0) - (before === undefined ? 1 : 0);
    // How often each node reports stands in every plan.
    if (reportSeconds(former) !== reportSeconds(size))
      for (const { name } of this.#state.nodes.values()) this.#wake.agent(name);
  }

  onNamespace({ key, before, after }: Delta<ClusterNamespace>): void {
    if (canonicalJson(before?.labels) === canonicalJson(after?.labels)) return;
    for (const capture of this.#state.captures.by('namespace', key)) {
      this.#wake.capture(capture.key);
      for (const node of nodesOf(this.#state, capture)) this.#wake.agent(node);
    }
    for (const node of this.#state.presence.nodesOf(key)) this.#wake.agent(node);
    for (const capture of this.#state.captures.values()) {
      if (capture.object.spec.namespaceSelector !== undefined) this.#wake.capture(capture.key);
    }
  }

  onPod({ before, after }: Delta<ClusterPod>): void {
    for (const { namespace, node } of this.#state.presence.move(before, after)) {
      this.#wake.agent(node);
      for (const capture of capturesOver(this.#state, namespace)) this.#wake.capture(capture.key);
    }
    const [had, has] = [before, after].map((pod) => this.#agentNode(pod));
    if (had !== has) for (const node of [had, has]) if (node !== undefined) this.#agentReadiness(node);
    const namespace = (after ?? before)?.namespace ?? '';
    if (before?.node === after?.node && canonicalJson(before?.labels) === canonicalJson(after?.labels)) return;
    for (const capture of capturesOver(this.#state, namespace)) {
      const selected = [before, after].map((pod) => pod?.node !== undefined && selectsPod(capture, pod.labels));
      if (selected[0] !== selected[1]) this.#wake.capture(capture.key);
      // A capture without pods says which labels there are.
      else if (this.#state.podless.has(capture.key)) this.#wake.captureLater(capture.key);
    }
  }

  /** The node on which this pod is an agent that is ready. */
  #agentNode(pod: ClusterPod | undefined): string | undefined {
    return pod?.ready === true && isAgentPod(pod, this.#state.operatorNamespace) ? pod.node : undefined;
  }

  /** What a node's last report is worth hangs on whether its agent lives. */
  #agentReadiness(node: string): void {
    for (const capture of capturesOn(this.#state, node)) this.#wake.capture(capture.key);
    for (const { name } of this.#state.agents.get(node)?.exports.values() ?? []) this.#wake.export(name);
  }

  onAgent({ key, before, after }: Delta<Agent>): void {
    const planChanged = before?.plan !== after?.plan;
    const own = this.#wake.isOwnWrite('agent', key, after?.resourceVersion ?? '');
    const isEcho = own && after !== undefined && after.terminating === (before?.terminating ?? false);
    if ((planChanged || ownedText(before) !== ownedText(after)) && !isEcho) this.#wake.agent(key);
    if (planChanged) this.#planned(before, after);
    // Its counters move into the captures' own status, or can be taken out of the list of those that have.
    const coming = before?.terminating !== after?.terminating || before?.uid !== after?.uid;
    for (const [name, change] of changes(before?.captures, after?.captures)) {
      if (change === 'state' || coming) this.#wake.capture(name);
      else if (change === 'rest') this.#wake.captureLater(name);
    }
    for (const [name, change] of changes(before?.exports, after?.exports)) {
      if (change === 'rest') this.#wake.exportLater(name);
      if (change !== 'state' && !coming) continue;
      this.#wake.export(name);
      // Whether a capture delivers, its exports decide.
      for (const { key: feeder } of this.#state.captures.by('export', name)) this.#wake.capture(feeder);
    }
  }

  /** A capture waits for what the agent makes of its plan; an export counts the nodes that have it in theirs. */
  #planned(before: Agent | undefined, after: Agent | undefined): void {
    const captures = new Set(before?.plan.captures).union(new Set(after?.plan.captures));
    for (const uid of captures) for (const { key } of this.#state.captures.by('uid', uid)) this.#wake.captureLater(key);
    const exports = new Set(before?.plan.exports).symmetricDifference(new Set(after?.plan.exports));
    for (const uid of exports) for (const { key } of this.#state.exports.by('uid', uid)) this.#wake.export(key);
  }

  #agentsThatRun(uid: string): void {
    for (const { node } of this.#state.agents.by('planned', uid)) this.#wake.agent(node);
  }

  #terminatingAgents(): void {
    for (const agent of this.#state.agents.values()) if (agent.terminating) this.#wake.agent(agent.node);
  }

  /** Who names an export that is not there is told which there are. */
  #capturesThatLookInVain(): void {
    const isThere = (key: string) => this.#state.exports.get(key)?.terminating === false;
    for (const capture of this.#state.captures.values()) {
      if (!exportKeys(capture).every(isThere)) this.#wake.capture(capture.key);
    }
  }
}

/** Whether nothing that a plan follows from is different: what is being deleted is in none. */
function isSameSpec(before: Capture | Export | undefined, after: Capture | Export | undefined): boolean {
  return (
    before?.uid === after?.uid && before?.generation === after?.generation && before?.terminating === after?.terminating
  );
}

function sameNode(a: ClusterNode, b: ClusterNode): boolean {
  return a.uid === b.uid && a.ready === b.ready && canonicalJson(a.labels) === canonicalJson(b.labels);
}

/** What of a FlowAgent the operator writes beside the plan, and what makes it do so. */
function ownedText(agent: Agent | undefined): string {
  return agent === undefined ? '' : canonicalJson([agent.uid, agent.terminating, agent.owner, agent.finalizers]);
}

type Reports<Row> = ReadonlyMap<string, Row>;

/** By name: whether what matters at once has changed (`state`), something else (`rest`), or nothing. */
function changes<Row extends Reported & { readonly name: string }>(
  before: Reports<Row> = new Map<string, Row>(),
  after: Reports<Row> = new Map<string, Row>(),
): Map<string, 'state' | 'rest' | undefined> {
  const found = new Map<string, 'state' | 'rest' | undefined>();
  // One of the same name may have come after another: each has a row, and the change that matters more counts.
  const note = (name: string, change: 'state' | 'rest' | undefined) => {
    if (found.get(name) !== 'state') found.set(name, change ?? found.get(name));
  };
  for (const [uid, { name }] of before) if (!after.has(uid)) note(name, 'state');
  for (const [uid, row] of after) {
    const former = before.get(uid);
    const same = former !== undefined && canonicalJson(reportedState(former)) === canonicalJson(reportedState(row));
    if (!same) note(row.name, 'state');
    else note(row.name, canonicalJson(former) === canonicalJson(row) ? undefined : 'rest');
  }
  return found;
}

interface Reported {
  readonly generation?: number;
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
  readonly flows?: { readonly exported?: number };
  readonly delivered?: number;
}

/** What a condition can hang on, the first flow among it. */
function reportedState({ generation, state, reason, message, flows, delivered }: Reported): unknown {
  return { generation, state, reason, message, flowed: (flows?.exported ?? delivered ?? 0) > 0 };
}

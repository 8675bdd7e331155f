import type { ExportSpec } from './objects.ts';
import type { LabelSelector } from './selector.ts';

/**
 * What one node has been asked to do: the only thing that an agent obeys, whether an operator wrote it into a FlowAgent
 * or `weir capture` compiled it from a file. It holds nothing that is true of one machine only.
 */

/** A family of kernel programs that is loaded or left out as a whole. */
export type ProgramName = 'tcp';

export type Protocol = 'TCP' | 'UDP' | 'DNS' | 'HTTP' | 'Drops';

/** One thing that a capture can ask of an agent, by the name that both sides know it by. */
export type Feature = `protocol.${Protocol}`;

export interface Plan {
  /** SHA-256 of the canonical JSON of everything else in the plan: equal plans have equal hashes, on every machine. */
  readonly hash: string;
  readonly node: string;
  /** How often the agent writes its counters into its FlowAgent; absent where nobody reads them there. */
  readonly reportSeconds?: number;
  /** Every program that some capture needs, sorted; overlapping captures share them. */
  readonly programs: readonly ProgramName[];
  /** Sorted by namespace and name. */
  readonly captures: readonly PlanCapture[];
  /** The exports that some capture feeds, sorted by namespace and name. */
  readonly exports: readonly PlanExport[];
}

export interface PlanCapture {
  /** The capture's position in the plan: how sets and ledgers refer to it. */
  readonly index: number;
  /** `namespace/name`. */
  readonly name: string;
  /** Which object of that name, and which of its generations; absent for one out of a file. */
  readonly uid?: string;
  readonly generation?: number;
  /** Which namespaces' pods it sees: one by name, or those whose labels match. */
  readonly namespaces: { readonly name: string } | { readonly selector: LabelSelector };
  /** An empty selector selects every pod in those namespaces. */
  readonly podSelector: LabelSelector;
  readonly protocols: readonly Protocol[];
  /** What an agent must be able to do, lest it runs the capture half: an older agent may read this plan. Sorted. */
  readonly needs: readonly Feature[];
  readonly programs: readonly ProgramName[];
  /** Positions in the plan's `exports`. */
  readonly exports: readonly number[];
}

export interface PlanExport {
  readonly index: number;
  /** `namespace/name`. */
  readonly name: string;
  /** Which object of that name, and which of its generations; absent for one out of a file. */
  readonly uid?: string;
  readonly generation?: number;
  /** The FlowExport's spec as it was given. */
  readonly spec: ExportSpec;
}

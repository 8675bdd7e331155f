import type { ExportSpec } from './objects.ts';
import type { LabelSelector } from './selector.ts';

/**
 * What one node has been asked to do: the only thing that an agent obeys, whether an operator wrote it into a FlowAgent
 * or `weir capture` compiled it from a file. It holds nothing that is true of one machine only.
 */

/** A family of kernel programs that is loaded or left out as a whole. */
export type ProgramName = 'tcp';

export type Protocol = 'TCP' | 'UDP' | 'DNS' | 'HTTP' | 'Drops';

/** What a capture may ask beyond its pods and protocols; each by the name of the property of PlanCapture that holds it. */
export type Wish = 'direction' | 'peers' | 'oneIn' | 'reporting' | 'flowsPerSecond';

/** One thing that a capture can ask of an agent, by the name that both sides know it by. */
export type Feature = `protocol.${Protocol}` | Wish;

/** When live connections are reported. */
export interface Reporting {
  /** s between two reports of a connection that carries data. */
  readonly activeSeconds: number;
  /** s without data after which a connection is reported once. */
  readonly idleSeconds: number;
}

/** Far sides by address or by label, and by port; everything that is given must match. */
export interface PlanPeer {
  readonly action: 'Include' | 'Exclude';
  /** Networks, one of which holds the far side's address. */
  readonly cidrs?: readonly string[];
  /** `53` or `8000-8999`: of the server, whoever it is. */
  readonly ports?: readonly string[];
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
}

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
  /** Who opened the connection, seen from the selected pod; absent: anybody. */
  readonly direction?: 'Outbound' | 'Inbound';
  /** The first that matches decides; absent: every far side. */
  readonly peers?: readonly PlanPeer[];
  /** One connection in this many; absent: every one. */
  readonly oneIn?: number;
  /** Absent: DEFAULT_REPORTING. */
  readonly reporting?: Reporting;
  /** Most records a second on this node; absent: DEFAULT_FLOWS_PER_SECOND. */
  readonly flowsPerSecond?: number;
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

import type { Verdict } from '../../../api/conditions.ts';
import type { CaptureReport, ExportReport } from '../../../api/types.generated.ts';
import type { Candidates } from '../../../plan/none-matched.ts';
import type { LabelSelector } from '../../../plan/selector.ts';
import type { Capture } from '../../state/objects.ts';
import type { AgentRow } from '../../status/retired.ts';

/** Everything that a capture's status follows from, and nothing that it does not. */
export interface CaptureFacts {
  readonly capture: Capture;
  readonly accepted: Verdict;
  readonly resolved: Verdict;
  /** Pods that the capture selects now. */
  readonly matchedPods: number;
  /** Where it selects no pod: the selector that selects nothing, and what it could have meant. */
  readonly missed: Missed | undefined;
  /** The nodes whose plan the capture belongs into. */
  readonly nodes: readonly NodeFacts[];
  /** What every FlowAgent, of nodes in scope or not, reports on the capture. */
  readonly rows: readonly AgentRow<CaptureReport>[];
  /** Whether there is a FlowAgent of this uid. */
  readonly agentExists: (uid: string) => boolean;
}

export interface Missed {
  readonly selector: LabelSelector;
  readonly candidates: Candidates;
}

export interface NodeFacts {
  readonly name: string;
  readonly ready: boolean;
  /** ms since the epoch. */
  readonly createdAt: number;
  /** Whether an agent's pod on it is ready: what it reported last is true then. */
  readonly agentReady: boolean;
  /** Whether the capture did not fit into its plan. */
  readonly refused: boolean;
  /** When its plan was last written, ms since the epoch; undefined while the capture is not in it. */
  readonly plannedAt: number | undefined;
  /** What its agent says of this capture. */
  readonly report: CaptureReport | undefined;
  /** Exports of this capture that its agent cannot deliver to. */
  readonly failing: readonly ExportReport[];
}

import type { Verdict } from '../../../api/conditions.ts';
import type { ExportReport } from '../../../api/types.generated.ts';
import type { Export } from '../../state/objects.ts';
import type { AgentRow } from '../../status/retired.ts';

/** Everything that an export's status follows from. */
export interface ExportFacts {
  readonly target: Export;
  readonly accepted: Verdict;
  /** The nodes whose plan has the export. */
  readonly nodes: readonly string[];
  /** What every FlowAgent reports on the export. */
  readonly rows: readonly AgentRow<ExportReport>[];
  /** Whether there is a FlowAgent of this uid. */
  readonly agentExists: (uid: string) => boolean;
}

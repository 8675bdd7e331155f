import { FLOW_EXPORTS } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { Export } from '../../state/objects.ts';
import type { ExportObject } from '../../state/reduce.ts';
import { applyStatus } from '../../status/apply-status.ts';
import type { ExportStatus } from './plan.ts';

/** Writes the status where it is not so already. Returns what was written. */
export function applyExport(
  client: KubeClient,
  target: Export,
  status: ExportStatus,
): Promise<ExportObject | undefined> {
  return applyStatus(client, FLOW_EXPORTS, target, status);
}

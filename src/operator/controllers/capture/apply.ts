import { FLOW_CAPTURES } from '../../../api/resources.ts';
import type { KubeClient } from '../../../kube/client.ts';
import type { Capture } from '../../state/objects.ts';
import type { CaptureObject } from '../../state/reduce.ts';
import { applyStatus } from '../../status/apply-status.ts';
import type { CaptureStatus } from './plan.ts';

/** Writes the status where it is not so already. Returns what was written. */
export function applyCapture(
  client: KubeClient,
  capture: Capture,
  status: CaptureStatus,
): Promise<CaptureObject | undefined> {
  return applyStatus(client, FLOW_CAPTURES, capture, status);
}

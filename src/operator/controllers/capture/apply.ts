import { API_VERSION } from '../../../api/names.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { canonicalJson } from '../../../plan/canonical.ts';
import { FLOW_CAPTURES } from '../../resources.ts';
import type { Capture } from '../../state/objects.ts';
import type { CaptureObject } from '../../state/reduce.ts';
import type { CaptureStatus } from './plan.ts';

/** Writes the status by one server-side apply, or nothing where it stands there already. Returns what was written. */
export async function applyCapture(
  client: KubeClient,
  capture: Capture,
  status: CaptureStatus,
): Promise<CaptureObject | undefined> {
  if (canonicalJson(capture.object.status) === canonicalJson(status)) return undefined;
  const { name, namespace = '' } = capture.object.metadata;
  // With the uid: a status must not end on another object of the same name.
  const metadata = { name, namespace, uid: capture.uid };
  const object = { apiVersion: API_VERSION, kind: FLOW_CAPTURES.kind, metadata, status };
  return client.apply(FLOW_CAPTURES, object, { subresource: 'status' });
}

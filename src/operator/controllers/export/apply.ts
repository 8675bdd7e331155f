import { API_VERSION } from '../../../api/names.ts';
import type { KubeClient } from '../../../kube/client.ts';
import { canonicalJson } from '../../../plan/canonical.ts';
import { FLOW_EXPORTS } from '../../resources.ts';
import type { Export } from '../../state/objects.ts';
import type { ExportObject } from '../../state/reduce.ts';
import type { ExportStatus } from './plan.ts';

/** Writes the status by one server-side apply, or nothing where it stands there already. Returns what was written. */
export async function applyExport(
  client: KubeClient,
  target: Export,
  status: ExportStatus,
): Promise<ExportObject | undefined> {
  if (canonicalJson(target.object.status) === canonicalJson(status)) return undefined;
  const { name, namespace = '' } = target.object.metadata;
  // With the uid: a status must not end on another object of the same name.
  const metadata = { name, namespace, uid: target.uid };
  const object = { apiVersion: API_VERSION, kind: FLOW_EXPORTS.kind, metadata, status };
  return client.apply(FLOW_EXPORTS, object, { subresource: 'status' });
}

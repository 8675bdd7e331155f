import { API_VERSION } from '../../api/names.ts';
import type { FlowCapture, FlowExport } from '../../api/types.generated.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import type { Capture, Export } from '../state/objects.ts';

type CaptureStatus = NonNullable<FlowCapture['status']>;
type ExportStatus = NonNullable<FlowExport['status']>;

/** Writes a status by one server-side apply, or nothing where it stands there already. Returns what was written. */
export async function applyStatus<Kind extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  { object, uid, resourceVersion }: Capture | Export,
  status: CaptureStatus | ExportStatus,
): Promise<Kind | undefined> {
  if (canonicalJson(object.status) === canonicalJson(status)) return undefined;
  const { name, namespace } = object.metadata;
  // With the uid: a status must not end on another object of the same name.
  const precondition = { uid, ...(movesCounters(object.status, status) && { resourceVersion }) };
  const applied = {
    apiVersion: API_VERSION,
    kind: resource.kind,
    metadata: { name, namespace, ...precondition },
    status,
  };
  return client.apply<Kind>(resource, applied, { subresource: 'status' });
}

/** Counters that are taken over must be added to what stands there now, and not to what once did. */
function movesCounters(before: CaptureStatus | ExportStatus = {}, after: CaptureStatus | ExportStatus): boolean {
  return canonicalJson(before.retired) !== canonicalJson(after.retired);
}

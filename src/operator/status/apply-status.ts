import { API_VERSION } from '../../api/names.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Resource } from '../../kube/resource.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import type { Capture, Export } from '../state/objects.ts';

/** Writes a status by one server-side apply, or nothing where it stands there already. Returns what was written. */
export async function applyStatus<Kind extends KubeObject>(
  client: KubeClient,
  resource: Resource,
  { object, uid }: Capture | Export,
  status: object,
): Promise<Kind | undefined> {
  if (canonicalJson(object.status) === canonicalJson(status)) return undefined;
  const { name, namespace } = object.metadata;
  // With the uid: a status must not end on another object of the same name.
  const applied = { apiVersion: API_VERSION, kind: resource.kind, metadata: { name, namespace, uid }, status };
  return client.apply<Kind>(resource, applied, { subresource: 'status' });
}

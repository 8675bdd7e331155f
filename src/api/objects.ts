import type { LocatedObject } from './manifest/manifest.ts';
import type { FlowCapture, FlowExport } from './types.generated.ts';

/** What the schema of crds/ has accepted as a FlowCapture. */
export function isFlowCapture(object: LocatedObject): object is LocatedObject<FlowCapture> {
  return object.apiVersion === 'weir.dev/v1alpha1' && object.kind === 'FlowCapture';
}

/** What the schema of crds/ has accepted as a FlowExport. */
export function isFlowExport(object: LocatedObject): object is LocatedObject<FlowExport> {
  return object.apiVersion === 'weir.dev/v1alpha1' && object.kind === 'FlowExport';
}

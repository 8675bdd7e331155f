import type { FlowCapture, FlowExport } from '../api/types.generated.ts';

type CompiledFields = 'podSelector' | 'namespaceSelector' | 'protocols' | 'exports' | 'suspend';

/** What the compiler reads of a FlowCapture. */
export interface CaptureObject {
  readonly metadata: Pick<FlowCapture['metadata'], 'name' | 'namespace'>;
  readonly spec: Partial<Pick<FlowCapture['spec'], CompiledFields>>;
}

/** What the compiler reads of a FlowExport; the rest of its spec is for whoever makes the sink. */
export interface ExportObject {
  readonly metadata: Pick<FlowExport['metadata'], 'name' | 'namespace'>;
  readonly spec: Partial<Pick<FlowExport['spec'], 'allowedNamespaces'>>;
}

import type { FlowCapture, FlowExport } from '../api/types.generated.ts';

type CompiledFields =
  | 'podSelector'
  | 'namespaceSelector'
  | 'protocols'
  | 'direction'
  | 'peers'
  | 'sampling'
  | 'reporting'
  | 'limits'
  | 'exports'
  | 'suspend';

type NamingFields = 'name' | 'namespace' | 'uid' | 'generation';

/** What the compiler reads of a FlowCapture. */
export interface CaptureObject {
  readonly metadata: Pick<FlowCapture['metadata'], NamingFields>;
  readonly spec: Partial<Pick<FlowCapture['spec'], CompiledFields>>;
}

/** A FlowExport: the compiler reads whom it allows, the rest of its spec is for whoever makes the sink. */
export interface ExportObject {
  readonly metadata: Pick<FlowExport['metadata'], NamingFields>;
  readonly spec: ExportSpec;
}

export type ExportSpec = Partial<FlowExport['spec']>;

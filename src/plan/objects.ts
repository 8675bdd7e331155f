import type { Protocol } from './plan.ts';
import type { LabelSelector } from './selector.ts';

/** What the compiler reads of a FlowCapture. */
export interface CaptureObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly podSelector?: LabelSelector;
    readonly namespaceSelector?: LabelSelector;
    readonly protocols?: readonly Protocol[];
    readonly exports?: readonly { readonly name: string; readonly namespace?: string }[];
    readonly suspend?: boolean;
  };
}

/** What the compiler reads of a FlowExport. */
export interface ExportObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: object;
}

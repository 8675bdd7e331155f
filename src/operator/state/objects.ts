import type { Verdict } from '../../api/conditions.ts';
import type { CaptureReport, ExportReport, FlowCapture, FlowExport } from '../../api/types.generated.ts';

/** What the operator keeps of each object that it watches: reduced on arrival, since it keeps every pod of the cluster. */

/** What every object has that the API server holds. */
interface Stored {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Whether it has been deleted and only waits for its finalizers. */
  readonly terminating: boolean;
}

export interface Capture extends Stored {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly generation: number;
  readonly object: FlowCapture;
  /** Whether it may run at all, by itself alone: found out once, and asked for every node. */
  readonly accepted: Verdict;
}

export interface Export extends Stored {
  readonly key: string;
  readonly namespace: string;
  readonly generation: number;
  readonly object: FlowExport;
  /** Whether it may be used at all, by itself alone. */
  readonly accepted: Verdict;
}

export interface Agent extends Stored {
  /** Name of the node, and of the FlowAgent. */
  readonly node: string;
  readonly generation: number;
  /** Uid of the Node that owns it; undefined where none does. */
  readonly owner: string | undefined;
  readonly finalizers: readonly string[];
  /** When the operator last wrote the plan, ms since the epoch; undefined where it never did. */
  readonly plannedAt: number | undefined;
  /** The same object as long as the spec is the same. */
  readonly plan: StandingPlan;
  /** What the agent says of each capture and of each export, by uid. */
  readonly captures: ReadonlyMap<string, CaptureReport>;
  readonly exports: ReadonlyMap<string, ExportReport>;
}

/** Of the plan in a FlowAgent what the operator needs: a thousand plans of two hundred captures are no small thing. */
export interface StandingPlan {
  /** Undefined where the plan is none that the operator has written: somebody has edited it. */
  readonly hash: string | undefined;
  /** Uids of its captures. */
  readonly captures: ReadonlySet<string>;
  /** Uids of its exports. */
  readonly exports: ReadonlySet<string>;
}

export interface ClusterNode extends Stored {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  /** ms since the epoch. */
  readonly createdAt: number;
}

export interface ClusterNamespace extends Stored {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ClusterPod extends Stored {
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The node that it is bound to, while it runs or is about to; undefined before, and after its end. */
  readonly node: string | undefined;
  readonly ready: boolean;
}

import type { FlowAgent, FlowCapture, FlowExport } from '../../api/types.generated.ts';

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
}

export interface Export extends Stored {
  readonly key: string;
  readonly namespace: string;
  readonly generation: number;
  readonly object: FlowExport;
}

export interface Agent extends Stored {
  /** Name of the node, and of the FlowAgent. */
  readonly node: string;
  /** Uid of the Node that owns it; undefined where none does. */
  readonly owner: string | undefined;
  readonly finalizers: readonly string[];
  /** When the operator last wrote the plan, ms since the epoch; undefined where it never did. */
  readonly plannedAt: number | undefined;
  readonly plan: FlowAgent['spec']['plan'] | undefined;
  readonly status: NonNullable<FlowAgent['status']>;
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

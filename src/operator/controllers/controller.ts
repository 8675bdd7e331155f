import type { KubeObject } from '../../kube/object.ts';

/** What became of one look at one object. */
export interface Outcome {
  /** What the API server holds now, where something was written. */
  readonly written: KubeObject | undefined;
  /** When time alone may change the answer: ms from now. */
  readonly recheckMillis?: number | undefined;
}

/** Nothing was to be done. */
export const UNCHANGED: Outcome = { written: undefined };

/** gather → plan → apply for one kind. */
export interface Controller {
  /** For logs and metrics. */
  readonly name: 'capture' | 'export' | 'agent';
  /** Of the objects that it writes. */
  readonly kind: string;
  /**
   * Looks at one object and writes it where it is not as it should be.
   *
   * @throws ApiError, TransportError: the queue tries again.
   */
  readonly reconcile: (key: string) => Promise<Outcome>;
}

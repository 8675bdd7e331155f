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

/** Timers take 24 days at most; a day is no work. */
const LONGEST_RECHECK_MILLIS = 86_400_000;

/** ms from now until that time, which is to come: a look, or one on the way to it. Both in ms since the epoch. */
export function untilMillis(time: number, now: number): number {
  return Math.min(Math.max(1, Math.ceil(time - now)), LONGEST_RECHECK_MILLIS);
}

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

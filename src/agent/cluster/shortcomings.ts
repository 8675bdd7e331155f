import type { AgentDegradedReason } from '../../api/agent-conditions.ts';

export interface Shortcoming {
  readonly reason: Exclude<AgentDegradedReason, 'AsExpected'>;
  readonly message: string;
}

/** So long a gap in the counts is told: a rolling update must not leave every node degraded for ever. */
const GAP_SHOWN_MILLIS = 600_000;

/** What is amiss on this node though its plan runs. One at a time is told, the one that can cost most. */
export class Shortcomings {
  #overload: string | undefined;
  #gap: { readonly until: number; readonly message: string } | undefined;
  #notKept: string | undefined;

  /** @param message what the agent does without; undefined: nothing any more. */
  overloaded(message: string | undefined): void {
    this.#overload = message;
  }

  /**
   * Between the last report of an earlier process and this one's begin nobody looked: that is said, not passed over.
   * @param reportedAt undefined: there was no earlier one. @param now ms since the epoch.
   */
  restarted(reportedAt: string | undefined, now: number): void {
    if (reportedAt === undefined) return;
    const message =
      `the agent began at ${new Date(now).toISOString()}: connections that ended since its former report of ` +
      `${reportedAt} may not have been seen, and are in no count`;
    this.#gap = { until: now + GAP_SHOWN_MILLIS, message };
  }

  /** The capture ends with this process. */
  notKept(why: string): void {
    this.#notKept = `a restart of this agent will miss connections: ${why}`;
  }

  /** @param now ms since the epoch. @param captures something is asked for that could be kept. */
  worst(now: number, captures: boolean): Shortcoming | undefined {
    if (this.#overload !== undefined) return { reason: 'Overloaded', message: this.#overload };
    if (this.#gap !== undefined && now < this.#gap.until) return { reason: 'Restarted', message: this.#gap.message };
    return this.#notKept === undefined || !captures ? undefined : { reason: 'NotKept', message: this.#notKept };
  }
}

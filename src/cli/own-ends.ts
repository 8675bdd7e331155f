import type { Timers } from '../lib/timers.ts';
import type { Plan } from '../plan/plan.ts';

/** Timers take 24 days at most. */
const LONGEST_MILLIS = 86_400_000;

export interface OwnEndsOptions {
  readonly plan: Plan;
  /** s that a capture of that name lasts; captures that are not named do not end by themselves. */
  readonly durations: ReadonlyMap<string, number>;
  readonly timers: Timers;
  /** ms since some instant; never steps. */
  readonly now: () => number;
  /** These captures have ended, and this plan is left. */
  readonly left: (plan: Plan, ended: readonly string[]) => void;
}

/** Takes captures out of a plan when their time is over. Returns a function that ends it. */
export function endByThemselves({ plan, durations, timers, now, left }: OwnEndsOptions): () => void {
  const begun = now();
  let captures = plan.captures;
  let cancel: (() => void) | undefined;
  const millisOf = (name: string) => (durations.get(name) ?? Number.POSITIVE_INFINITY) * 1000;
  const arm = (): void => {
    const next = Math.min(...captures.map(({ name }) => millisOf(name)));
    if (next < Number.POSITIVE_INFINITY)
      cancel = timers.after(Math.min(Math.max(0, next - (now() - begun)), LONGEST_MILLIS), look);
  };
  const isOver = (name: string) => millisOf(name) <= now() - begun;
  const look = (): void => {
    const ended = captures.filter(({ name }) => isOver(name)).map(({ name }) => name);
    captures = captures.filter(({ name }) => !isOver(name));
    if (ended.length > 0) {
      const programs = [...new Set(captures.flatMap((capture) => capture.programs))];
      left({ ...plan, captures, programs }, ended);
    }
    arm();
  };
  arm();
  return () => cancel?.();
}

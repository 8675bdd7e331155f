import type { Verdict } from '../../api/conditions.ts';
import type { Condition } from '../../api/types.generated.ts';

/**
 * Verdicts as an object's status carries them. lastTransitionTime moves only when the status does: a reason or a message
 * that changes alone keeps it.
 *
 * @param now ms since the epoch.
 */
export function withTransitions(
  verdicts: readonly Verdict[],
  before: readonly Condition[] | undefined,
  generation: number,
  now: number,
): Condition[] {
  return verdicts.map(({ type, status, reason, message }) => {
    const former = before?.find((condition) => condition.type === type);
    const lastTransitionTime = former?.status === status ? former.lastTransitionTime : timestamp(now);
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
function timestamp(millis: number): string {
  return new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The condition that decides the summary: the first that is False. */
export function firstFalse(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.find(({ status }) => status === 'False');
}

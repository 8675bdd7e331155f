import type { Condition } from './types.generated.ts';

/** What is known of one aspect of an object. */
export type Aspect = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * Aspects as an object's status carries them. lastTransitionTime moves only when the status does: a reason or a message
 * that changes alone keeps it.
 *
 * @param now ms since the epoch.
 */
export function withTransitions(
  aspects: readonly Aspect[],
  before: readonly Condition[] | undefined,
  generation: number,
  now: number,
): Condition[] {
  return aspects.map(({ type, status, reason, message }) => {
    const former = before?.find((condition) => condition.type === type);
    const lastTransitionTime = former?.status === status ? former.lastTransitionTime : timestamp(now);
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message };
  });
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. @param millis since the epoch. */
export function timestamp(millis: number): string {
  return new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
}

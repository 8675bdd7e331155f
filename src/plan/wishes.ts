/** What a capture asks beyond its pods and protocols, as far as it differs from what every capture gets: plans stay small. */
import type { CaptureObject } from './objects.ts';
import { normalPeers } from './peers.ts';
import type { PlanCapture, Reporting, Wish } from './plan.ts';

/** The defaults of `spec.reporting`. */
export const DEFAULT_REPORTING: Reporting = { activeSeconds: 60, idleSeconds: 15 };
/** The default of `spec.limits.flowsPerSecond`. */
export const DEFAULT_FLOWS_PER_SECOND = 20_000;

export type Wishes = Pick<PlanCapture, Wish>;

/** Everything that this version obeys. */
export const WISHES: readonly Wish[] = ['direction', 'flowsPerSecond', 'oneIn', 'peers', 'reporting'];

export function wishesOf({ direction, peers, sampling, reporting, limits }: CaptureObject['spec']): Wishes {
  const { activeSeconds, idleSeconds } = { ...DEFAULT_REPORTING, ...reporting };
  const { oneIn = 1 } = sampling ?? {};
  const { flowsPerSecond = DEFAULT_FLOWS_PER_SECOND } = limits ?? {};
  const isUsual = activeSeconds === DEFAULT_REPORTING.activeSeconds && idleSeconds === DEFAULT_REPORTING.idleSeconds;
  return {
    ...(direction !== undefined && direction !== 'Any' && { direction }),
    ...(peers !== undefined && peers.length > 0 && { peers: normalPeers(peers) }),
    ...(oneIn !== 1 && { oneIn }),
    ...(!isUsual && { reporting: { activeSeconds, idleSeconds } }),
    ...(flowsPerSecond !== DEFAULT_FLOWS_PER_SECOND && { flowsPerSecond }),
  };
}

/** The shortest times of these captures: a flow that several select is reported for all of them at once. */
export function reportingOf(captures: readonly Wishes[]): Reporting {
  const all = captures.map(({ reporting = DEFAULT_REPORTING }) => reporting);
  return {
    activeSeconds: Math.min(...all.map(({ activeSeconds }) => activeSeconds)),
    idleSeconds: Math.min(...all.map(({ idleSeconds }) => idleSeconds)),
  };
}

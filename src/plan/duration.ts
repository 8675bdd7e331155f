import type { FlowCapture } from '../api/types.generated.ts';

/** As much of a FlowCapture as its end follows from. */
export interface Timed {
  readonly metadata: { readonly creationTimestamp?: string };
  readonly spec: Pick<FlowCapture['spec'], 'durationSeconds'>;
}

/** When a capture ends by itself, ms since the epoch: so long after it was created. Undefined: it does not. */
export function endOf({ metadata, spec }: Timed): number | undefined {
  const { durationSeconds } = spec;
  return durationSeconds === undefined
    ? undefined
    : Date.parse(metadata.creationTimestamp ?? '') + durationSeconds * 1000;
}

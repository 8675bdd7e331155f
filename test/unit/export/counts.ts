import type { KernelTotals } from '../../../src/export/ledger.ts';
import { FILTER_REASONS, LOSS_REASONS } from '../../../src/export/outcome.ts';
import { mapRecord } from '../../../src/lib/map-record.ts';

/** No flow, by each reason: a test names the reasons that it is about. */
export const NOTHING_FILTERED = mapRecord(FILTER_REASONS, () => 0);
export const NOTHING_LOST = mapRecord(LOSS_REASONS, () => 0);

/** What the kernel counted where all that it observed left for user space. */
export function allSent(observed: number): KernelTotals {
  return {
    observed,
    filtered: { direction: 0, peer: 0 },
    sampledOut: 0,
    lost: { ringFull: 0, tooManyConnections: 0, storageUnavailable: 0 },
  };
}

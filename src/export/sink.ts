import type { Flow } from '../record/flow.ts';

/**
 * Where flows go. One file each under `export/`; nothing else knows a sink's protocol.
 *
 * A sink sees whole batches, one at a time: `write` is not called again before the last one settled.
 */
export interface Sink {
  /** Resolves when the batch is delivered; rejects when none of it may be counted as delivered. */
  write(batch: readonly Flow[]): Promise<void>;
  /** Flushes and releases everything. Called once, after the last `write` settled. */
  close(): Promise<void>;
}

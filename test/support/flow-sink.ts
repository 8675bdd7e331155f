import type { Sink } from '../../src/export/sink.ts';
import type { Flow } from '../../src/record/flow.ts';

/** Longest wait for flows that must come: the agent drains four times a second when little happens. */
const PATIENCE_MS = 30_000;

interface Waiting {
  readonly count: number;
  readonly resolve: () => void;
}

/** A sink in memory. */
export class FlowSink implements Sink {
  readonly flows: Flow[] = [];
  #waiting: Waiting[] = [];

  async write(batch: readonly Flow[]): Promise<void> {
    for (const flow of batch) this.flows.push(flow);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (count > this.flows.length) return true;
      resolve();
      return false;
    });
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  /** All flows so far, as soon as there are `count` of them; rejects after a while with what came instead. */
  async until(count: number, patienceMs: number = PATIENCE_MS): Promise<readonly Flow[]> {
    if (this.flows.length >= count) return this.flows;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ count, resolve });
    const timer = setTimeout(() => reject(new Error(this.#shortOf(count))), patienceMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
    return this.flows;
  }

  #shortOf(count: number): string {
    const last = this.flows.slice(-8).map(({ source, destination, observer, tcp }) => {
      const ends = `${source.address}:${source.port} → ${destination.address}:${destination.port}`;
      return `${ends} (${observer}, ${tcp?.closeReason ?? 'no tcp'})`;
    });
    return `${this.flows.length} flows instead of ${count}; the last ones: ${last.join(', ')}`;
  }
}

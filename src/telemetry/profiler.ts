/** Profiles of this very process, as Chrome's developer tools open them. */
import { Session } from 'node:inspector/promises';
import { setTimeout } from 'node:timers/promises';

/** Bytes between two samples on average: a heap of 250 MB gives some 500 of them. */
const HEAP_SAMPLE_BYTES = 512 * 1024;

export class Profiler {
  readonly #session = new Session();

  /** From here on allocations are sampled. */
  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('HeapProfiler.startSampling', { samplingInterval: HEAP_SAMPLE_BYTES });
    await this.#session.post('Profiler.enable');
  }

  /** Where time goes from now on, as a .cpuprofile; one at a time. An abort ends it early, and rejects. */
  async cpu(millis: number, signal: AbortSignal): Promise<string> {
    await this.#session.post('Profiler.start');
    try {
      await setTimeout(millis, undefined, { signal });
    } catch (error) {
      await this.#session.post('Profiler.stop');
      throw error;
    }
    return JSON.stringify((await this.#session.post('Profiler.stop')).profile);
  }

  /**
   * Which code allocated what still lives, as a .heapprofile: functions and sizes. Not a heap snapshot, which would hold
   * every string of the process, tokens and Secrets among them.
   */
  async heap(): Promise<string> {
    return JSON.stringify((await this.#session.post('HeapProfiler.getSamplingProfile')).profile);
  }

  stop(): void {
    this.#session.disconnect();
  }
}

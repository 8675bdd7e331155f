import { API_VERSION } from '../../api/names.ts';
import { FLOW_AGENTS } from '../../api/resources.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { KubeClient } from '../../kube/client.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import type { Timers } from '../../lib/timers.ts';
import { canonicalJson } from '../../plan/canonical.ts';
import type { AgentObject, AgentStatus } from './standing.ts';

/** What is to be reported, and to which FlowAgent. */
export interface Report {
  readonly name: string;
  readonly uid: string;
  readonly status: AgentStatus;
  /** How often counters alone are worth a write, in seconds. */
  readonly everySeconds: number;
}

/** A status that stands in the FlowAgent of that uid, if it is there yet. */
export interface Written {
  readonly uid: string;
  readonly status: AgentStatus;
}

export interface ReporterOptions {
  readonly client: KubeClient;
  /** As things stand now; undefined while there is no FlowAgent. @param last what was written last, and to which FlowAgent. */
  readonly report: (last: Written | undefined) => Report | undefined;
  readonly timers: Timers;
  /** ms since some instant; never steps. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly written: (resourceVersion: string) => void;
  readonly failed: (error: unknown, retryMillis: number) => void;
}

const KEY = 'report';
/** Changes of state are written at once, but never more often than this. */
const LEAST_MILLIS = 1000;

/** Writes this node's report: counters now and then, changes of state at once, and nothing where nothing has changed. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #queue: WorkQueue;
  #last: Written | undefined;
  /** ms, when the API server took or refused a report last. */
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({
      work: () => this.#writeInTime(),
      concurrency: 1,
      timers: options.timers,
      clock: options.monotonic,
      random: options.random,
      onError: (_, error, retryMillis) => options.failed(error, retryMillis),
    });
  }

  /** Something else than a counter has changed. */
  changed(): void {
    this.#queue.add(KEY);
  }

  /** Ends the reporting with one last report; rejects where that cannot be written. */
  async stop(): Promise<void> {
    await this.#queue.stop();
    await this.#write();
  }

  async #writeInTime(): Promise<void> {
    // Looked at here and not when something changes: that may be while a report is on its way.
    const rest = LEAST_MILLIS - (this.#options.monotonic() - this.#answeredAt);
    if (rest > 0) this.#queue.addAfter(KEY, rest);
    else await this.#write();
  }

  async #write(): Promise<void> {
    const { client, report, monotonic, written } = this.#options;
    const found = report(this.#last);
    if (found === undefined) return;
    const { name, uid, status, everySeconds } = found;
    this.#queue.addAfter(KEY, everySeconds * 1000);
    if (this.#last?.uid === uid && canonicalJson(this.#last.status) === canonicalJson(status)) return;
    // With the uid: a report must not end on another object of the same name.
    const applied = { apiVersion: API_VERSION, kind: FLOW_AGENTS.kind, metadata: { name, uid }, status };
    try {
      const { metadata } = await client.apply<AgentObject>(FLOW_AGENTS, applied, { subresource: 'status' });
      this.#answeredAt = monotonic();
      this.#last = { uid, status };
      written(metadata.resourceVersion ?? '');
    } catch (error) {
      if (!(error instanceof ApiError && (error.code === 404 || error.code === 409))) throw error;
      // The object is gone or another: its watch tells what to do.
      this.#answeredAt = monotonic();
    }
  }
}

import { type Backoff, backoffMillis } from '../lib/backoff.ts';
import type { Timers } from '../lib/timers.ts';
import { ApiError, TransportError } from './api-error.ts';
import type { KubeClient, Selection } from './client.ts';
import { Mirror, type MirrorOptions } from './mirror.ts';
import type { KubeObject } from './object.ts';
import type { Resource } from './resource.ts';
import { Retries } from './retries.ts';
import { isOlder } from './version.ts';
import type { WatchEvent } from './watch-events.ts';

/** What happened to a watch; the words are labels of a metric. */
export interface ReflectorEvent {
  readonly what: 'synced' | 'ended' | 'relisting' | 'paging' | 'failed' | 'fault';
  /** Why, where it was no ordinary end. */
  readonly failure?: string;
  /** HTTP status, where the server refused. */
  readonly code?: number;
  /** When it is tried again. */
  readonly retryMillis?: number;
}

export interface ReflectorOptions<T, Kind extends KubeObject = KubeObject>
  extends Selection,
    Omit<MirrorOptions<T, Kind>, 'onFault'> {
  readonly client: KubeClient;
  readonly resource: Resource;
  readonly timers: Timers;
  /** ms since some instant; never steps. */
  readonly clock: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: (event: ReflectorEvent) => void;
  /** The server ends a watch after a time between these, in seconds. Default 240 to 300. */
  readonly watchSeconds?: readonly [number, number];
  /** Objects of a page where the server knows no streaming list. Default 500. */
  readonly pageSize?: number;
  readonly backoff?: Backoff;
}

const WATCH_SECONDS = [240, 300] as const;
const PAGE_SIZE = 500;
/** A watch that the server should have ended this long ago has no other end any more. */
const OVERDUE_MILLIS = 10_000;
/** A server that was away for long is found again within seconds: what is shown meanwhile may not be true any more. */
const BACKOFF: Backoff = { firstMillis: 200, longestMillis: 10_000 };
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * Keeps a store equal to what the API server has, for as long as it runs: lists, watches, goes on where a watch ended, and
 * lists anew where that cannot be. Whatever fails is tried again, later each time; no failure ends it. A delete that no
 * watch saw is found by the next list.
 */
export class Reflector<T, Kind extends KubeObject = KubeObject> {
  /** Resolves at the first complete list. */
  readonly synced: Promise<void>;
  readonly #options: ReflectorOptions<T, Kind>;
  readonly #mirror: Mirror<T, Kind>;
  readonly #retries: Retries;
  readonly #stop = new AbortController();
  readonly #resolveSynced: () => void;
  #running: Promise<void> = Promise.resolve();
  /** Where to go on from; undefined: list. */
  #version: string | undefined;
  /** Whether the server lists as the beginning of a watch (WatchList, Kubernetes 1.32). */
  #streams = true;
  #heardAt: number;

  constructor(options: ReflectorOptions<T, Kind>) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#resolveSynced = resolve;
    this.#options = options;
    this.#heardAt = options.clock();
    this.#retries = new Retries({ backoff: BACKOFF, ...options });
    const onFault = (key: string, error: unknown) =>
      options.log({ what: 'fault', failure: `${key}: ${String(error)}` });
    this.#mirror = new Mirror({ ...options, onFault });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** ms since the server last said anything: as old may be what the store has. */
  ageMillis(): number {
    return this.#options.clock() - this.#heardAt;
  }

  /** Whether a try failed, and the store has not been kept up to date since. */
  get failing(): boolean {
    return this.#retries.failing;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const pause = await this.#round().catch((error: unknown) => this.#failed(error));
      if (pause > 0) await this.#pause(pause);
    }
  }

  /** Returns how long to pause. */
  #failed(error: unknown): number {
    if (this.#stop.signal.aborted) return 0;
    const retryMillis = this.#retries.failed(error);
    const code = error instanceof ApiError ? { code: error.code } : {};
    this.#options.log({ what: 'failed', failure: String(error), ...code, retryMillis });
    return retryMillis;
  }

  /** One watch, to its ordinary end; returns how long to pause after it. */
  async #round(): Promise<number> {
    if (this.#version === undefined && !this.#streams) await this.#listPages();
    const isStreamingList = this.#version === undefined;
    const { clock, random, log } = this.#options;
    const began = clock();
    try {
      await this.#watch();
    } catch (error) {
      // A server that does not know streaming lists refuses the first one: then pages it is, from now on.
      if (!(isStreamingList && error instanceof ApiError && error.isInvalid)) throw error;
      this.#streams = false;
      log({ what: 'paging', failure: error.message });
      return 0;
    }
    log({ what: 'ended' });
    // A server that ends watches as soon as they begin must not be asked for the next one without a pause.
    return clock() - began > BACKOFF.firstMillis ? 0 : backoffMillis(BACKOFF, 1, random);
  }

  async #watch(): Promise<void> {
    const { client, resource, random, timers, watchSeconds: [least, most] = WATCH_SECONDS } = this.#options;
    const timeoutSeconds = Math.round(least + (most - least) * random());
    const deadline = new AbortController();
    const overdue = timers.after(timeoutSeconds * 1000 + OVERDUE_MILLIS, () => deadline.abort());
    let listed = this.#version === undefined ? new Set<string>() : undefined;
    let hasBegun = false;
    try {
      for await (const event of client.watch<Kind>(resource, {
        ...this.#selection(),
        resourceVersion: this.#version,
        timeoutSeconds,
        signal: AbortSignal.any([this.#stop.signal, deadline.signal]),
        onHeard: () => {
          hasBegun = true;
          this.#heard();
        },
      })) {
        const isComplete = this.#obey(event, listed);
        if (isComplete && listed !== undefined) {
          this.#complete(listed);
          listed = undefined;
        }
        if (listed === undefined) this.#goOnFrom(event.object.metadata.resourceVersion);
      }
    } catch (error) {
      if (deadline.signal.aborted) throw new TransportError('the server did not end the watch in its time');
      this.#leaveVersion(error, hasBegun);
      throw error;
    } finally {
      overdue();
    }
    if (listed !== undefined) throw new TransportError('the watch ended before everything was listed');
  }

  /** Lists anew where going on from the same version would bring the same answer: an ERROR event, a refusal for good. */
  #leaveVersion(error: unknown, hasBegun: boolean): void {
    if (this.#version === undefined || !(error instanceof ApiError) || (error.isPassing && !hasBegun)) return;
    this.#version = undefined;
    this.#options.log({ what: 'relisting', failure: error.message, code: error.code });
  }

  /** Returns whether this event says that everything there is has been listed. */
  #obey({ type, object }: WatchEvent<Kind>, listed: Set<string> | undefined): boolean {
    if (type === 'BOOKMARK') return object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true';
    if (type === 'DELETED') this.#mirror.remove(object);
    else if (listed !== undefined) listed.add(this.#mirror.put(object, 'list'));
    // What was told before is told again: the object may have been deleted since.
    else if (!isOlder(object.metadata.resourceVersion, this.#version)) this.#mirror.put(object, 'event');
    return false;
  }

  #goOnFrom(version: string | undefined): void {
    if (version !== undefined && !isOlder(version, this.#version)) this.#version = version;
  }

  async #listPages(): Promise<void> {
    const { client, resource, pageSize = PAGE_SIZE } = this.#options;
    const listed = new Set<string>();
    let token: string | undefined;
    do {
      const page = await client.list<Kind>(resource, {
        ...this.#selection(),
        limit: pageSize,
        continue: token,
        signal: this.#stop.signal,
      });
      this.#heard();
      for (const object of page.items) listed.add(this.#mirror.put(object, 'list'));
      token = page.continue;
      this.#version = token === undefined ? page.resourceVersion : undefined;
    } while (token !== undefined);
    this.#complete(listed);
  }

  #complete(listed: ReadonlySet<string>): void {
    this.#mirror.retain(listed);
    this.#retries.well();
    this.#options.log({ what: 'synced' });
    this.#resolveSynced();
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return { namespace, labelSelector, fieldSelector };
  }

  #heard(): void {
    this.#heardAt = this.#options.clock();
    if (this.#version !== undefined) this.#retries.well();
  }

  async #pause(millis: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    if (signal.aborted) return;
    const wake = () => resolve();
    const cancel = this.#options.timers.after(millis, wake);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    cancel();
  }
}

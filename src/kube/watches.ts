import type { Timers } from '../lib/timers.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject } from './object.ts';
import { Reflector, type ReflectorEvent, type ReflectorOptions } from './reflector.ts';
import type { Resource } from './resource.ts';

export interface WatchesOptions {
  readonly log: Record<'debug' | 'warn', (fields: object, message: string) => void>;
  /** What a person can do about a refusal with this HTTP status, of kinds given as `plural.group`. */
  readonly remedy: (code: number | undefined, kinds: string) => string | undefined;
  readonly timers: Timers;
  readonly monotonic: () => number;
  readonly random: () => number;
  /** What happened to the watch of a resource, for the metrics. */
  readonly count: (resource: string, what: ReflectorEvent['what']) => void;
}

/** What is watched, and where it goes. */
type Watched<T, Kind extends KubeObject> = Pick<
  ReflectorOptions<T, Kind>,
  'resource' | 'fieldSelector' | 'reduce' | 'store' | 'onDelta'
>;

interface Watch {
  readonly resource: Resource;
  readonly reflector: Pick<Reflector<unknown>, 'start' | 'stop' | 'synced' | 'ageMillis' | 'failing'>;
  readonly size: () => number;
  synced: boolean;
}

/** Every watch of a program, as one thing that starts, becomes complete and ends. */
export class Watches {
  readonly #client: KubeClient;
  readonly #options: WatchesOptions;
  readonly #all: Watch[] = [];

  constructor(client: KubeClient, options: WatchesOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Before the start: fills the store, and tells of each change once it stands there. */
  add<T, Kind extends KubeObject>({ resource, ...mirrored }: Watched<T, Kind>): void {
    const { log, remedy: remedyFor, count, timers, monotonic, random } = this.#options;
    const reflector = new Reflector<T, Kind>({
      client: this.#client,
      resource,
      ...mirrored,
      timers,
      clock: monotonic,
      random,
      log: (event) => {
        count(resource.plural, event.what);
        const remedy = remedyFor(event.code, `${resource.plural}.${resource.group}`);
        const fields = { resource: resource.plural, ...event, ...(remedy !== undefined && { remedy }) };
        log[event.failure === undefined ? 'debug' : 'warn'](fields, `watch ${event.what}`);
      },
    });
    this.#all.push({ resource, reflector, size: () => mirrored.store.size, synced: false });
  }

  /** Resolves once everything there is has been seen; however long the API server is away, it goes on trying. */
  async start(): Promise<void> {
    await Promise.all(
      this.#all.map(async (watch) => {
        watch.reflector.start();
        await watch.reflector.synced;
        watch.synced = true;
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map(({ reflector }) => reflector.stop()));
  }

  /** Plurals of the resources that have not been seen completely yet. */
  missing(): string[] {
    return this.#all.filter(({ synced }) => !synced).map(({ resource }) => resource.plural);
  }

  /** Plurals of the resources whose watch is lost at the moment. */
  lost(): string[] {
    return this.#all.filter(({ reflector }) => reflector.failing).map(({ resource }) => resource.plural);
  }

  /** Seconds since each watch last heard of the API server. */
  ages(): [resource: string, seconds: number][] {
    return this.#all.map(({ resource, reflector }) => [resource.plural, reflector.ageMillis() / 1000]);
  }

  /** Objects of each resource. */
  counts(): [resource: string, count: number][] {
    return this.#all.map(({ resource, size }) => [resource.plural, size()]);
  }
}

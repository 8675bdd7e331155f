import { type KubeObject, keyOf } from './object.ts';
import type { Delta, Store } from './store.ts';
import { isNewer, isOlder } from './version.ts';

interface Known {
  readonly uid: string;
  readonly version: string;
}

export interface MirrorOptions<T, Kind extends KubeObject = KubeObject> {
  /** Reduces an object on arrival: what is stored is what somebody needs. */
  readonly reduce: (object: Kind) => T;
  readonly store: Store<T>;
  /** The store has the change already. */
  readonly onDelta: (delta: Delta<T>) => void;
  /** `reduce` or `onDelta` threw: the object is passed over, the rest goes on. */
  readonly onFault: (key: string, error: unknown) => void;
}

/** Keeps a store like what the API server has said, event by event; what it has heard already changes nothing. */
export class Mirror<T, Kind extends KubeObject = KubeObject> {
  readonly #options: MirrorOptions<T, Kind>;
  readonly #known = new Map<string, Known>();

  constructor(options: MirrorOptions<T, Kind>) {
    this.#options = options;
  }

  /**
   * The object is there like this. Returns its key.
   *
   * @param source a list is as new as its request: it counts though a version is lower, as all are in a cluster that was
   *   restored from a backup. An event that is older than what is known is old news.
   */
  put(object: Kind, source: 'list' | 'event'): string {
    const { metadata } = object;
    const key = keyOf(metadata);
    const { uid = '', resourceVersion: version = '' } = metadata;
    const known = this.#known.get(key);
    if (known?.uid === uid && !(source === 'list' ? version !== known.version : isNewer(version, known.version)))
      return key;
    // Deleted and made anew between two events: both happened.
    if (known !== undefined && known.uid !== uid) this.#drop(key);
    this.#guard(key, () => {
      const delta = this.#options.store.set(key, this.#options.reduce(object));
      this.#known.set(key, { uid, version });
      return delta;
    });
    return key;
  }

  /** The object is gone, and was last like this. One that is known in a later version has been made anew since. */
  remove({ metadata }: Kind): void {
    const key = keyOf(metadata);
    const known = this.#known.get(key);
    if (known === undefined || !isOlder(metadata.resourceVersion, known.version)) this.#drop(key);
  }

  /** These are all that there are. */
  retain(keys: ReadonlySet<string>): void {
    const gone = Array.from(this.#options.store.keys()).filter((key) => !keys.has(key));
    for (const key of gone) this.#drop(key);
  }

  #drop(key: string): void {
    this.#known.delete(key);
    this.#guard(key, () => this.#options.store.delete(key));
  }

  #guard(key: string, change: () => Delta<T> | undefined): void {
    try {
      const delta = change();
      if (delta !== undefined) this.#options.onDelta(delta);
    } catch (error) {
      this.#options.onFault(key, error);
    }
  }
}

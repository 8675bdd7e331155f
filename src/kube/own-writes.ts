import { isNewer } from './version.ts';

interface Versioned {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** More are written without having come back only while a watch is away; then the oldest are forgotten. */
const MAX_WRITES = 10_000;

/**
 * What this program wrote and its watches have not brought yet: without it, an object would be written again on the strength
 * of what it was before.
 */
export class OwnWrites<T extends Versioned> {
  readonly #written = new Map<string, T>();

  /** The API server has answered a write with this. */
  record(key: string, object: T): void {
    this.#written.delete(key);
    this.#written.set(key, object);
    if (this.#written.size <= MAX_WRITES) return;
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest);
      return;
    }
  }

  /** The newer of what the store has and what was written here. What the store lacks may have been deleted since. */
  current(key: string, stored: T | undefined): T | undefined {
    const own = this.#written.get(key);
    if (own === undefined) return stored;
    if (stored !== undefined && stored.uid === own.uid && isNewer(own.resourceVersion, stored.resourceVersion))
      return own;
    this.#written.delete(key);
    return stored;
  }
}

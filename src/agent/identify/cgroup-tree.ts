/**
 * The cgroup2 hierarchy by cgroup id (the directory's inode number), kept current by inotify and by rescans.
 *
 * A cgroup that is gone is remembered for a while: records of its last connections come after its end.
 */
import { type FSWatcher, watch as inotifyWatch, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MAX_CGROUPS = 65_536;
const MAX_WATCHES = 4_096;
const MAX_GONE = 8_192;
const MAX_DEPTH = 16;
/** Unknown ids ask for a rescan in the way of a record: at most this often, and at most a tenth of the time. */
const MIN_REST_MILLIS = 100;
const RESTS_PER_RESCAN = 10;

/** One directory of the hierarchy. */
interface Entry {
  readonly id: number;
  /** Relative to the mount, with a leading slash; the root is `/`. */
  readonly path: string;
}

export class CgroupTree {
  readonly #mount: string;
  readonly #now: () => number;
  #onChange: (() => void) | undefined;
  #onRescan: (() => void) | undefined;
  readonly #watchers = new Map<number, FSWatcher>();
  #paths = new Map<number, string>();
  #ids = new Map<string, number>();
  readonly #gone = new Map<number, string>();
  #omitted = 0;
  #restsUntil = 0;

  /** `mount`: where cgroup2 is mounted. `now`: any monotonic clock, milliseconds. */
  constructor(mount: string, now: () => number) {
    this.#mount = mount;
    this.#now = now;
    this.rescan();
  }

  /**
   * From now on `onChange` is called when inotify tells of a cgroup that came or went; the caller rescans. One that came is
   * known by then: it may be gone before the rescan, and its records come all the same.
   */
  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** `onRescan` is called after every rescan: what is not known then is gone, or beyond a bound. */
  whenRescanned(onRescan: () => void): void {
    this.#onRescan = onRescan;
  }

  /** Path of a cgroup that is there, or that was there lately; one that is not known yet is looked for. */
  find(id: number): string | undefined {
    const known = this.#pathOf(id);
    if (known !== undefined || this.#now() < this.#restsUntil) return known;
    this.rescan();
    return this.#pathOf(id);
  }

  #pathOf(id: number): string | undefined {
    return this.#paths.get(id) ?? this.#gone.get(id);
  }

  /** Every cgroup that is there now: path to id. */
  get cgroups(): ReadonlyMap<string, number> {
    return this.#ids;
  }

  /** Directories beyond the bound, which are not known. */
  get omitted(): number {
    return this.#omitted;
  }

  rescan(): void {
    const begun = this.#now();
    const before = this.#paths;
    this.#paths = new Map();
    this.#ids = new Map();
    this.#omitted = 0;
    this.#walk('/', 0);
    for (const [id, path] of before) if (!this.#paths.has(id)) this.#remember(id, path);
    for (const id of this.#watchers.keys()) if (!this.#paths.has(id)) this.#unwatch(id);
    const ended = this.#now();
    this.#restsUntil = ended + Math.max(MIN_REST_MILLIS, (ended - begun) * RESTS_PER_RESCAN);
    this.#onRescan?.();
  }

  /** Ends the watching; what is known stays. */
  close(): void {
    this.#onChange = undefined;
    for (const id of this.#watchers.keys()) this.#unwatch(id);
  }

  #walk(path: string, depth: number): void {
    const id = inode(join(this.#mount, path));
    if (id === undefined) return;
    if (this.#paths.size >= MAX_CGROUPS || depth > MAX_DEPTH) {
      this.#omitted++;
      return;
    }
    this.#add({ id, path });
    // Watch first, then list: a directory made in between is seen by one of the two.
    this.#watchDirectory({ id, path });
    for (const name of childNames(join(this.#mount, path))) this.#walk(childPath(path, name), depth + 1);
  }

  /** What inotify named: a directory that is new, one that is known, one that is gone again, or a file. */
  #lookAt(path: string): void {
    try {
      const id = inode(join(this.#mount, path));
      if (id !== undefined && this.#ids.get(path) !== id) this.#walk(path, path.split('/').length - 1);
    } catch (error) {
      // The rescan that follows meets it too, and has somebody to tell.
      if (!isErrno(error)) throw error;
    }
  }

  #add({ id, path }: Entry): void {
    this.#paths.set(id, path);
    this.#ids.set(path, id);
    this.#gone.delete(id);
  }

  #remember(id: number, path: string): void {
    if (this.#gone.size >= MAX_GONE) {
      const oldest = this.#gone.keys().next().value;
      if (oldest !== undefined) this.#gone.delete(oldest);
    }
    this.#gone.set(id, path);
  }

  /** By id: a directory that went and came again under the same path needs a watch of its own. */
  #watchDirectory({ id, path }: Entry): void {
    if (this.#onChange === undefined || this.#watchers.has(id) || this.#watchers.size >= MAX_WATCHES) return;
    try {
      const watcher = inotifyWatch(join(this.#mount, path), { persistent: false }, (event, name) => {
        // Directories come and go as 'rename'; 'change' is only a control file being written.
        if (event !== 'rename') return;
        if (name !== null) this.#lookAt(childPath(path, name));
        this.#onChange?.();
      });
      // The directory went, or inotify has no room: the periodic rescan finds what this watch would have told.
      watcher.on('error', () => this.#unwatch(id));
      this.#watchers.set(id, watcher);
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  #unwatch(id: number): void {
    this.#watchers.get(id)?.close();
    this.#watchers.delete(id);
  }
}

function childPath(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

function inode(directory: string): number | undefined {
  return gone(() => {
    const found = statSync(directory);
    return found.isDirectory() ? found.ino : undefined;
  });
}

function childNames(directory: string): string[] {
  const entries = gone(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** A cgroup may go at any time between being listed and being read: that is undefined, not an error. */
function gone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isErrno(error) && (error.code === 'ENOENT' || error.code === 'ENODEV')) return undefined;
    throw error;
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

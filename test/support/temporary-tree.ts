import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A tree of directories that stands in for a cgroup2 mount: as there, a directory's inode number is its id. */
export class TemporaryTree {
  readonly mount = mkdtempSync(join(tmpdir(), 'weir-tree-'));

  /** Makes a directory with its parents; returns its id. */
  make(path: string): number {
    mkdirSync(join(this.mount, path), { recursive: true });
    return this.id(path);
  }

  id(path: string): number {
    return statSync(join(this.mount, path)).ino;
  }

  remove(path: string): void {
    rmSync(join(this.mount, path), { recursive: true });
  }

  /** Another directory takes the path's place: file systems other than cgroupfs may use an inode number again at once. */
  replace(path: string): number {
    const fresh = mkdtempSync(join(this.mount, 'fresh-'));
    this.remove(path);
    renameSync(fresh, join(this.mount, path));
    return this.id(path);
  }

  [Symbol.dispose](): void {
    rmSync(this.mount, { recursive: true, force: true });
  }
}

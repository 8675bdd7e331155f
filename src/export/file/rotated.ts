/** The renamed files of one export in their directory: which there are, one more, and fewer. */
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isTemporary, LONGEST_ADDITION, parseRotated, type RotatedName, rotatedName, temporaryName } from './names.ts';
import { codeOf, MODE, notAFile, whyNotOwn } from './open.ts';
import { excess, nextStamp } from './policy.ts';

/** Every file system of Linux that holds logs has names so long. */
const MAX_NAME_BYTES = 255;
const TOKEN_BYTES = 4;

export class RotatedFiles {
  readonly #directory: string;
  readonly #base: string;

  /** @throws WeirError InvalidInput when the name leaves no room for what is added to it. */
  constructor(path: string) {
    this.#directory = dirname(path);
    this.#base = basename(path);
    const over = Buffer.byteLength(this.#base) + LONGEST_ADDITION - MAX_NAME_BYTES;
    if (over > 0) throw notAFile(path, `leaves no room to add a time to its name: make the name ${over} bytes shorter`);
  }

  /** Every renamed file by its name, whoever has laid it, the newest first. */
  async names(): Promise<RotatedName[]> {
    const entries = await readdir(this.#directory);
    return entries
      .flatMap((entry) => parseRotated(this.#base, entry) ?? [])
      .toSorted((one, other) => other.stamp - one.stamp);
  }

  /** Whether it is this process's own; what somebody else has laid under such a name counts as nothing, and stays. */
  async isOwn({ name }: Pick<RotatedName, 'name'>): Promise<boolean> {
    const stats = await this.stat(name);
    return stats !== undefined && whyNotOwn(stats) === undefined;
  }

  /** Path of a name in the directory. */
  at(name: string): string {
    return join(this.#directory, name);
  }

  /** A path that nobody else uses, for compressing this file. */
  temporary({ name }: RotatedName): string {
    return this.at(temporaryName(name, randomBytes(TOKEN_BYTES).toString('hex')));
  }

  /** Renames the file, to a name that nobody has, unless somebody else has just done it. @param now ms since the epoch. */
  async add(now: number): Promise<void> {
    const target = await this.#claim(nextStamp(now, await this.#newest()));
    try {
      await rename(this.at(this.#base), target);
    } catch (error) {
      await unlink(target);
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Removes the oldest, so that at most so many stay. */
  async prune(maxFiles: number | undefined): Promise<void> {
    if (maxFiles === undefined) return;
    const own: RotatedName[] = [];
    for (const file of await this.names()) if (await this.isOwn(file)) own.push(file);
    for (const name of excess(own, maxFiles)) await this.remove(name);
  }

  /** Removes what a process that was killed had begun to compress. Who is compressing the same now starts over. */
  async removeTemporary(): Promise<void> {
    for (const entry of await readdir(this.#directory)) {
      if (isTemporary(this.#base, entry) && (await this.isOwn({ name: entry }))) await this.remove(entry);
    }
  }

  /** There may be many, of which only this one matters. */
  async #newest(): Promise<RotatedName[]> {
    for (const file of await this.names()) if (await this.isOwn(file)) return [file];
    return [];
  }

  /** An empty file of its own takes the name first: renaming alone would replace a file that another agent has just put there. */
  async #claim(stamp: number): Promise<string> {
    const target = this.at(rotatedName(this.#base, stamp));
    try {
      const file = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE);
      await file.close();
      return target;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return this.#claim(stamp + 1);
    }
  }

  /** Of the entry itself, not of what it links to. Undefined: it is gone, as another agent may prune too. */
  async stat(name: string): Promise<Stats | undefined> {
    try {
      return await lstat(this.at(name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Also when it is gone already. */
  async remove(name: string): Promise<void> {
    try {
      await unlink(this.at(name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

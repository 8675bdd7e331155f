/** Appends to an open file, each time all or nothing. */

const NEWLINE = Buffer.from('\n');

/** What this needs of an open file; writes go to the file's end. */
export interface AppendFile {
  stat(): Promise<{ readonly size: number }>;
  /** Writes what it can of the bytes from `offset` on. */
  write(bytes: Buffer, offset: number): Promise<{ readonly bytesWritten: number }>;
  truncate(size: number): Promise<void>;
}

/**
 * Lines that cannot be written as a whole are taken back from the file, so that nothing is there twice after a retry. A torn line
 * that is there already, or that cannot be taken back, is ended by `mend` before the next record.
 */
export class Appender {
  readonly #file: AppendFile;
  #torn: boolean;

  /** @param torn the file does not end in a newline. */
  constructor(file: AppendFile, torn: boolean) {
    this.#file = file;
    this.#torn = torn;
  }

  /** Ends a torn line; returns the file's size then, in bytes. */
  async mend(): Promise<number> {
    const { size } = await this.#file.stat();
    if (!this.#torn) return size;
    await writeAll(this.#file, NEWLINE, { written: 0 });
    this.#torn = false;
    return size + NEWLINE.length;
  }

  /** @param before the file's size, bytes. */
  async append(lines: Buffer, before: number): Promise<void> {
    const progress = { written: 0 };
    try {
      await writeAll(this.#file, lines, progress);
    } catch (error) {
      if (progress.written > 0) this.#torn = !(await takeBack(this.#file, before, progress.written));
      throw error;
    }
  }
}

async function writeAll(file: AppendFile, bytes: Buffer, progress: { written: number }): Promise<void> {
  while (progress.written < bytes.length) {
    progress.written += (await file.write(bytes, progress.written)).bytesWritten;
  }
}

/** Removes the last bytes that were written, unless somebody else has written to the file since; false: they stay. */
async function takeBack(file: AppendFile, before: number, written: number): Promise<boolean> {
  try {
    if ((await file.stat()).size !== before + written) return false;
    await file.truncate(before);
    return true;
  } catch {
    return false;
  }
}

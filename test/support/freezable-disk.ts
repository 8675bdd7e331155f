import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Outlives the test when that is killed: a file system that stays frozen would keep every process that writes to it for ever. */
const KEEPER = `
set -e
trap '' INT TERM HUP
truncate -s 32M "$1/image"
mkfs.ext4 -q -F "$1/image"
mkdir "$1/mount"
mount -o loop "$1/image" "$1/mount"
echo made
while read -r order; do
  fsfreeze "--$order" "$1/mount"
  echo "$order"
done
fsfreeze --unfreeze "$1/mount" 2>/dev/null || :
umount --lazy "$1/mount"
rm -r "$1"
`;

/** A disk that hangs when a test says so: who writes to it waits in the kernel, and cannot even be killed, until it is thawed. */
export class FreezableDisk implements AsyncDisposable {
  readonly #keeper: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'weir-disk-'));

  private constructor() {
    const stdio = ['pipe', 'pipe', 'inherit'] as const;
    this.#keeper = spawn('sh', ['-c', KEEPER, 'keeper', this.#directory], { detached: true, stdio: [...stdio] });
    this.#answers = createInterface(this.#keeper.stdout)[Symbol.asyncIterator]();
  }

  static async make(): Promise<FreezableDisk> {
    const disk = new FreezableDisk();
    await disk.#expect('made');
    return disk;
  }

  /** Where it is mounted. */
  get path(): string {
    return join(this.#directory, 'mount');
  }

  async freeze(): Promise<void> {
    this.#keeper.stdin.write('freeze\n');
    await this.#expect('freeze');
  }

  async thaw(): Promise<void> {
    this.#keeper.stdin.write('unfreeze\n');
    await this.#expect('unfreeze');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#keeper, 'exit');
    this.#keeper.stdin.end();
    await gone;
  }

  async #expect(answer: string): Promise<void> {
    const { value } = await this.#answers.next();
    if (value !== answer) throw new Error(`the keeper of the disk says ${String(value)}, not ${answer}`);
  }
}

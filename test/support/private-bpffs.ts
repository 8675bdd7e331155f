import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A bpffs that nobody else sees, and that ends with the test, however that ends. */
export class PrivateBpffs implements AsyncDisposable {
  readonly path: string;
  readonly #holder: ChildProcess;
  readonly #folder: string;

  private constructor(holder: ChildProcess, folder: string) {
    this.path = `/proc/${holder.pid}/root${folder}`;
    this.#holder = holder;
    this.#folder = folder;
  }

  static async mount(): Promise<PrivateBpffs> {
    const folder = mkdtempSync(join(tmpdir(), 'weir-bpffs-'));
    const script = 'mount -t bpf bpf "$1" && echo mounted && exec cat';
    const holder = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [word]: unknown[] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
    assert.equal(String(word), 'mounted\n');
    return new PrivateBpffs(holder, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await gone;
    rmSync(this.#folder, { recursive: true });
  }
}

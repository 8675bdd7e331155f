/** The heap of a program that runs, without its garbage: most of what a heap holds is that, so nothing else tells whether it grows. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/support/cluster/eventually.ts';

/** In bytes; the first and the last as Node's process.memoryUsage() has them. */
export interface CollectedHeap {
  readonly heapUsed: number;
  /** The part of it that V8 has compiled. */
  readonly code: number;
  readonly external: number;
}

/** For the NODE_OPTIONS of programs whose heaps will be asked for. @param folder of the run's own, where they answer */
export function collectable(folder: string): string {
  const preload = new URL('collect-on-signal.mjs', import.meta.url);
  preload.searchParams.set('folder', folder);
  return `--import=${preload.href}`;
}

/** Has the program stop for some collections, about a tenth of a second. @param folder as of {@link collectable} */
export async function collectedHeap(pid: number, folder: string): Promise<CollectedHeap> {
  const path = join(folder, `heap-of-${pid}`);
  rmSync(path, { force: true });
  process.kill(pid, 'SIGUSR2');
  const text = await eventually(() => readFileSync(path, 'utf8'), { what: `process ${pid} has collected its garbage` });
  return JSON.parse(text);
}

import { ensureTools } from './build/build.ts';
import { runOrThrow } from './process/run.ts';

export interface KStatus {
  readonly status: 'InProgress' | 'Failed' | 'Current' | 'Terminating' | 'NotFound' | 'Unknown';
  readonly message: string;
}

/** What kstatus, by which Flux, Helm and others wait, says of each object; in the objects' order. */
export async function kstatus(objects: readonly object[]): Promise<KStatus[]> {
  const tool = await ensureTools(['kstatus']);
  const input = objects.map((object) => `${JSON.stringify(object)}\n`).join('');
  const output = await runOrThrow(tool('kstatus'), [], { input });
  return output
    .trimEnd()
    .split('\n')
    .map((line): KStatus => JSON.parse(line));
}

import { ensureTools } from '../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../test/support/cluster/build/progress.ts';
import { importImage } from '../../test/support/cluster/nodes/import-image.ts';
import type { StateFolder } from './state.ts';
import { Refusal, tell } from './tell.ts';

/** Gives every node of the cluster that is up the image of this file. */
export async function load(folder: StateFolder, file: string): Promise<void> {
  const situation = folder.situation();
  if (situation.is !== 'up') throw new Refusal('no cluster is up: npm run cluster -- up --nodes 2');
  const { machines } = situation.state;
  if (machines.length === 0) throw new Refusal('the cluster has no nodes of its own: `down`, then `up --nodes 2`');
  const tool = await ensureTools(['ctr'], buildProgress(process.stderr));
  await Promise.all(machines.map((machine) => importImage(machine, tool('ctr'), file)));
  tell(`${file} is on every node`);
}

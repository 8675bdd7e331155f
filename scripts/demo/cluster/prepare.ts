import { spawnSync } from 'node:child_process';
import { ensureTools } from '../../../test/support/cluster/build/build.ts';
import { buildProgress } from '../../../test/support/cluster/build/progress.ts';
import { neededTools } from '../../../test/support/cluster/cluster.ts';
import { whyNoOwnNodes } from '../../../test/support/cluster/nodes/requirements.ts';
import { weirImage } from '../../../test/support/image/image.ts';
import { whyNoImage } from '../../../test/support/image/requirements.ts';
import { Refusal } from '../../cluster/tell.ts';
import { tell } from '../tell.ts';

/**
 * Installs and builds what a cluster of so many nodes and Weir on it need: minutes the first time, which it tells; nothing when all
 * is there. What it makes is kept for the next time.
 *
 * @throws Refusal of status 3, with what this machine lacks
 */
export async function prepare(nodes: number): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Refusal('it starts nodes and loads eBPF programs: run it as root (sudo npm run demo -- --cluster)', 3);
  }
  const { status } = spawnSync('bash', ['scripts/setup', 'nodes'], { stdio: 'inherit' });
  if (status !== 0) throw new Refusal('scripts/setup nodes did not succeed; its reason stands above', 3);
  const missing = whyNoOwnNodes() ?? whyNoImage();
  if (missing !== undefined) throw new Refusal(missing, 3);
  await ensureTools([...neededTools(nodes), 'helm'], buildProgress(process.stderr));
  await weirImage(tell);
}

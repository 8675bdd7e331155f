import { ensureTools } from '../build/build.ts';
import { buildProgress } from '../build/progress.ts';
import { neededTools } from '../cluster.ts';
import { existingKubeconfig } from '../existing-cluster.ts';
import { whyNoCluster } from '../requirements.ts';
import { whyNoNodes } from './requirements.ts';

/** As the global set-up of cluster tests, for tests on nodes. */
export default async function buildNodeTools(): Promise<void> {
  const missing = existingKubeconfig() === undefined ? whyNoNodes() : whyNoCluster();
  if (missing === undefined) await ensureTools([...neededTools(2), 'helm'], buildProgress(process.stderr));
}

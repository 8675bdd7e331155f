import { ensureTools } from './build/build.ts';
import { buildProgress } from './build/progress.ts';
import { neededTools } from './cluster.ts';
import { whyNoCluster } from './requirements.ts';

/**
 * Builds what cluster tests run, so that no test's time limit includes it. `npm test` calls it before vitest, which draws over
 * its progress; vitest calls it before the first test of the project, for those who call vitest themselves.
 */
export default async function buildClusterTools(): Promise<void> {
  if (whyNoCluster() === undefined) await ensureTools([...neededTools(0), 'helm'], buildProgress(process.stderr));
}

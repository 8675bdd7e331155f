import { existingKubeconfig } from '../cluster/existing-cluster.ts';
import { whyNoNamedImages } from '../cluster/images/named.ts';
import { whyNoNodes } from '../cluster/nodes/requirements.ts';
import { whyNoCluster } from '../cluster/requirements.ts';
import { whyNoImage } from '../image/requirements.ts';

/**
 * What is missing to install Weir on real nodes, of one's own or of a cluster that runs already, as words for the name of a
 * skipped test; undefined when it can be done.
 */
export function whyNoInstallation(): string | undefined {
  if (existingKubeconfig() === undefined) return whyNoNodes() ?? whyNoImage();
  return whyNoCluster() ?? whyNoNamedImages();
}

import { type Cluster, startCluster } from '../../../test/support/cluster/cluster.ts';
import { remainsOf } from '../../../test/support/cluster/remains.ts';
import type { Check } from '../checks.ts';
import { interruptible } from '../interruption.ts';
import { tell, tellChecks } from '../tell.ts';
import { prepare } from './prepare.ts';
import { tellStory } from './story.ts';

const NODES = 2;

/**
 * The whole way on two real nodes: a cluster, the image, `helm install`, captures, traffic, and what kubectl and the records say.
 * Leaves nothing behind, after Ctrl-C or kill -9 neither. Resolves with the exit status.
 */
export async function clusterDemo(): Promise<number> {
  const begin = performance.now();
  // Nothing of it has to be removed: Ctrl-C ends it as it ends any program.
  await prepare(NODES);
  const status = await interruptible(run);
  tell(`took ${Math.round((performance.now() - begin) / 1_000)} s`);
  return status;
}

async function run(interrupted: AbortSignal): Promise<number> {
  tell(`starting a control plane and ${NODES} nodes: containerd, kubelet, kube-proxy (some 8 s)`);
  const cluster = await startCluster({ nodes: NODES });
  const checks = await storyOf(cluster, interrupted);
  return tellChecks([
    ...checks,
    { claim: 'the cluster is gone, and nothing of it is left', holds: remainsOf(cluster.folder).length === 0 },
  ]);
}

/** Ends the cluster with the story, which an interruption does not let come to its end. */
async function storyOf(cluster: Cluster, interrupted: AbortSignal): Promise<readonly Check[]> {
  const { promise: interruption, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(interrupted.reason);
  try {
    interrupted.throwIfAborted();
    interrupted.addEventListener('abort', interrupt);
    return await Promise.race([tellStory(cluster), interruption]);
  } finally {
    interrupted.removeEventListener('abort', interrupt);
    tell('stopping the nodes and the control plane (some 4 s)');
    await cluster.stop();
  }
}

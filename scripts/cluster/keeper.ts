/**
 * Holds the processes of `npm run cluster -- up`: keeper.ts STATE_FOLDER NODES
 *
 * It is a process of its own, since they end with the one that started them. Until `up` says that it keeps the cluster, it lives
 * no longer than `up`; afterwards until SIGTERM. However it ends, so do they, and after an orderly end nothing is left.
 */
import { copyFileSync } from 'node:fs';
import { startCluster } from '../../test/support/cluster/cluster.ts';
import { StateFolder } from './state.ts';

const LONG_MILLIS = 2 ** 30;

const { promise: ended, resolve: end } = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => end());
process.once('disconnect', end);
process.once('message', () => process.off('disconnect', end));

const [, , path, count] = process.argv;
const nodes = Number(count);
const folder = new StateFolder(path);
// Neither signals nor daemons keep this process alive.
const alive = setInterval(() => undefined, LONG_MILLIS);
try {
  await using cluster = await startCluster({ nodes });
  copyFileSync(cluster.kubeconfig, folder.kubeconfig);
  const machines = (cluster.nodes ?? []).map(({ pid }) => pid);
  folder.markReady({ provider: 'processes', nodes }, machines);
  // Where `up` has gone away meanwhile, the cluster ends at once.
  if (process.connected) process.send?.({ server: cluster.server }, undefined, {}, () => undefined);
  await ended;
} finally {
  clearInterval(alive);
}
folder.remove();

/** Starts a cluster, says where its folder is, and lives until it is killed. */
import { startCluster } from './cluster.ts';

const { folder } = await startCluster();
process.stdout.write(`${folder}\n`);
setInterval(() => undefined, 60_000);

/** Starts a cluster, says where its folder is, and lives until it is killed: owner.fixture.ts [NODES] */
import { startCluster } from './cluster.ts';

const { folder } = await startCluster({ nodes: Number(process.argv[2] ?? 0) });
process.stdout.write(`${folder}\n`);
setInterval(() => undefined, 60_000);

import { spawnSync } from 'node:child_process';
import { findGo } from './build/go.ts';

const COMMANDS = ['flock', 'openssl', 'setpriv', 'timeout'];

/** What this machine lacks for a cluster, as words for the name of a skipped test; undefined when a cluster works here. */
export function whyNoCluster(): string | undefined {
  if (process.platform !== 'linux') return 'clusters need Linux';
  const missing = COMMANDS.filter((command) => spawnSync('sh', ['-c', 'command -v "$0"', command]).status !== 0);
  if (missing.length > 0) return `clusters need ${missing.join(', ')}`;
  const go = findGo();
  return typeof go === 'string' ? go : undefined;
}

import { setTimeout } from 'node:timers/promises';
import { startTime } from '../../test/support/cluster/process/start-time.ts';
import { stopKind } from './kind.ts';
import type { ClusterState, StateFolder } from './state.ts';
import { tell } from './tell.ts';

const GRACE_MILLIS = 15_000;
const PAUSE_MILLIS = 20;

/** Ends the cluster, or one that is just starting, and removes everything of it. */
export async function down(folder: StateFolder): Promise<void> {
  const situation = folder.situation();
  if (situation.is === 'down') {
    tell('nothing is up');
    return;
  }
  const { owner, provider, ready } = situation.state;
  if (provider === 'processes' || !ready) await end(owner);
  if (provider === 'kind') await stopKind(folder);
  folder.remove();
  tell('down; nothing is left');
}

/** SIGTERM, and SIGKILL for an owner that does not end: its processes die with it. */
async function end(owner: ClusterState['owner']): Promise<void> {
  const runs = () => startTime(owner.pid) === owner.startTime;
  const limit = performance.now() + GRACE_MILLIS;
  if (runs()) process.kill(owner.pid, 'SIGTERM');
  while (runs() && performance.now() < limit) await setTimeout(PAUSE_MILLIS);
  if (runs()) process.kill(owner.pid, 'SIGKILL');
  while (runs()) await setTimeout(PAUSE_MILLIS);
}

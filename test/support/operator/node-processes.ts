import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Api } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { run } from '../cluster/process/run.ts';
import { type Component, installedPods } from './installed-pods.ts';

/** Weir's processes on nodes of one's own: a cluster that runs already shows none. */

/** Process ids of the containers of a component, or of one pod of it. */
export async function processesOf(cluster: Cluster, component: Component, uid?: string): Promise<readonly number[]> {
  const { kubeconfig, nodes = [] } = cluster;
  const pods = uid === undefined ? await installedPods(new Api(kubeconfig), component) : [];
  const uids = uid === undefined ? pods.map(({ metadata }) => metadata.uid ?? '') : [uid];
  const containers = nodes.flatMap(({ podsCgroup }) =>
    globSync(join(podsCgroup, 'kubepods', '**', 'cgroup.procs')).filter((file) => uids.some((of) => file.includes(of))),
  );
  const pids = containers.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number));
  // Beside each container stands the pause of its pod.
  return pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('weir'));
}

/**
 * Ends the one process of a component, or of one pod of it, with SIGKILL; resolves with its id.
 *
 * @throws Error when there is none, or more
 */
export async function killProcess(cluster: Cluster, component: Component, uid?: string): Promise<number> {
  const [pid, ...more] = await processesOf(cluster, component, uid);
  if (pid === undefined || more.length > 0) {
    throw new Error(`${pid === undefined ? 'no' : more.length + 1} processes of the ${component} are seen, not one`);
  }
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** Ids of every eBPF program of the machine. */
export async function loadedPrograms(): Promise<ReadonlySet<number>> {
  const programs: readonly { readonly id: number }[] = JSON.parse(
    (await run('bpftool', ['-j', 'prog', 'show'])).stdout,
  );
  return new Set(programs.map(({ id }) => id));
}

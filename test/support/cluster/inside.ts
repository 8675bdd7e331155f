import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { start } from '../lab/command.ts';
import { Peer } from '../lab/peer.ts';
import type { Node } from './nodes/node.ts';
import { type Outcome, run } from './process/run.ts';

/**
 * Runs a program in the cgroup and the network of a pod's container, as `kubectl exec` does, without its kubelet: that may be
 * dead meanwhile.
 *
 * @param uid of the pod
 * @param argv a static program: the file system is this process'
 * @param network uid of the pod whose network it uses; default: the same
 */
export function runInside(node: Node, uid: string, argv: readonly string[], network = uid): Promise<Outcome> {
  const { procs } = container(node, uid);
  const { pid } = container(node, network);
  return run('sh', ['-c', 'echo 0 >"$0" && exec nsenter "$@"', procs, `--net=/proc/${pid}/ns/net`, '--', ...argv]);
}

/**
 * Starts a process in the cgroup and the network of a pod's container whose sockets the caller controls step by step.
 *
 * @param uid of the pod
 * @param temporary directory for the peer's files
 */
export function peerInside(node: Node, uid: string, temporary: string): Promise<Peer> {
  const { procs, pid } = container(node, uid);
  return Peer.start((argv) => start({ cgroup: dirname(procs), netnsPid: pid }, argv), temporary);
}

/** A container's cgroup.procs, and one of its processes. */
function container({ podsCgroup }: Node, uid: string): { procs: string; pid: number } {
  for (const procs of globSync(join(podsCgroup, 'kubepods', '**', `pod${uid}`, '*', 'cgroup.procs'))) {
    const pid = Number(readFileSync(procs, 'utf8').split('\n')[0]);
    // Beside the workload stands the pause that holds the pod's network.
    if (pid > 0 && basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '') !== 'pause')
      return { procs, pid };
  }
  throw new Error(`no container of pod ${uid} runs in ${dirname(podsCgroup)}`);
}

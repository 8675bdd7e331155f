/** What is mounted here, and which processes are seen from here. */
import { WeirError } from '../../lib/errors.ts';
import type { BpffsFacts, Facts } from './facts.ts';
import { type Finding, missingBy } from './finding.ts';

/** BPF_FS_MAGIC (include/uapi/linux/magic.h). */
const BPF_FS_MAGIC = 0xcafe4a11;

export function judgeCgroups(cgroups: Facts['cgroups']): Finding {
  const id = 'cgroup2';
  if (cgroups instanceof WeirError) return missingBy(id, cgroups);
  if (!cgroups.version1) return { id, state: 'ok', found: `cgroup2 at ${cgroups.mount}` };
  return {
    id,
    state: 'degraded',
    found: `cgroup2 at ${cgroups.mount}, beside version 1`,
    lacks: 'containers that live on version 1 alone are named by their processes, but cannot be selected by label',
    remedy: 'boot with systemd.unified_cgroup_hierarchy=1, and run containers on cgroup version 2',
  };
}

export function judgeBpffs({ path, type, isWritable }: BpffsFacts): Finding {
  const id = 'bpffs';
  const lacks = 'what is seen lives as long as the agent: connections that end while it is restarted are missed';
  if (type !== BPF_FS_MAGIC) {
    const found = `${path} ${type === undefined ? 'is not there' : 'is no BPF file system'}`;
    const remedy = 'on the machine: mount -t bpf bpf /sys/fs/bpf; in a pod, mount that as a hostPath volume too';
    return { id, state: 'degraded', found, lacks, remedy };
  }
  if (isWritable) return { id, state: 'ok', found: path };
  const remedy = `let this user write to it: mount -o remount,rw ${path}, and no readOnly on the volume of a pod`;
  return { id, state: 'degraded', found: `${path} cannot be written to`, lacks, remedy };
}

export function judgePidNamespace({ pid }: Facts['isInitial']): Finding {
  const id = 'pidNamespace';
  if (pid) return { id, state: 'ok', found: "the machine's own" };
  return {
    id,
    state: 'degraded',
    found: 'one of its own: processes outside of it are not seen',
    lacks:
      'connections that are older than the capture are not taken over; accepted ones have no process until they end; ' +
      'containers on cgroup version 1 alone have no name',
    remedy: "run it in the machine's PID namespace (hostPID: true)",
  };
}

export function judgeLibbpf(libbpf: Facts['libbpf']): Finding {
  if (libbpf instanceof WeirError) return missingBy('libbpf', libbpf);
  return { id: 'libbpf', state: 'ok', found: `libbpf ${libbpf}, with every function that Weir calls` };
}

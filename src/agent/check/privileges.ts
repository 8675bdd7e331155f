/** What this process may do. */
import { constants } from 'node:os';
import { errorText } from '../load/libc.ts';
import { capabilityRefusal } from '../load/refusal.ts';
import type { Facts } from './facts.ts';
import { type Finding, missingBy } from './finding.ts';

const { EINVAL, ENOSYS } = constants.errno;

export function judgeCapabilities({ status, isInitial }: Pick<Facts, 'status' | 'isInitial'>): Finding {
  const id = 'capabilities';
  const refusal = capabilityRefusal(status);
  if (refusal !== undefined) return missingBy(id, refusal);
  if (isInitial.user) return { id, state: 'ok', found: 'CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN in their place' };
  return {
    id,
    state: 'missing',
    found: 'those of a user namespace, which do not count',
    remedy: 'run it outside of user namespaces: no rootless container, no pod with hostUsers: false',
  };
}

/** The kernel answers EINVAL to a command that it does not know: anything else was answered before it came there. */
export function judgeBpfSyscall({ bpfErrno, status }: Pick<Facts, 'bpfErrno' | 'status'>): Finding {
  const id = 'bpfSyscall';
  if (bpfErrno === EINVAL) return { id, state: 'ok', found: 'bpf(2) reaches the kernel: no seccomp profile stops it' };
  const found = `bpf(2) is refused with ${errorText(bpfErrno)}`;
  const profile =
    'let bpf(2) through the seccomp profile: RuntimeDefault of containerd since August 2022, or of Docker since 23, does';
  if (bpfErrno === ENOSYS)
    return { id, state: 'missing', found, remedy: `${profile}; or CONFIG_BPF_SYSCALL=y is missing` };
  if (capabilityRefusal(status) === undefined) return { id, state: 'missing', found, remedy: profile };
  return {
    id,
    state: 'missing',
    found,
    remedy: 'the capabilities first: kernels and seccomp profiles may ask for them here',
  };
}

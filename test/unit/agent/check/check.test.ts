import { describe, expect, it } from 'vitest';
import { check } from '../../../../src/agent/check/check.ts';
import type { Facts } from '../../../../src/agent/check/facts.ts';
import { type CheckId, canCaptureTcp, type Finding } from '../../../../src/agent/check/finding.ts';
import type { Tried } from '../../../../src/agent/check/programs.ts';
import { FILES_WALKED } from '../../../../src/agent/load/report-walk.ts';
import { WeirError } from '../../../../src/lib/errors.ts';
import { btfNaming, FACTS, SIGNS, statusWith } from './facts.ts';

const BPF_ALONE = statusWith('0000008000000000');
const PERFMON_ALONE = statusWith('0000004000000000');
const NONE = statusWith('0000000000000000');

function checked(facts: Partial<Facts>, tried: Tried = 'storage'): readonly Finding[] {
  return check({ ...FACTS, ...facts }, () => tried);
}

/** The finding of this id, and whether TCP can be captured. */
function judged(id: CheckId, facts: Partial<Facts>, tried?: Tried): object {
  const findings = checked(facts, tried);
  const { id: _, ...finding } = findings.find((one) => one.id === id) ?? { id };
  return { ...finding, canCapture: canCaptureTcp(findings) };
}

function without(sign: string): Uint8Array {
  return btfNaming(SIGNS.filter((name) => name !== sign));
}

describe('a machine that has everything', () => {
  it('is found to have it', () => {
    expect(checked({})).toEqual([
      { id: 'kernel', state: 'ok', found: 'Linux 6.12.0 aarch64' },
      { id: 'btf', state: 'ok', found: '/sys/kernel/btf/vmlinux' },
      { id: 'tracepoint', state: 'ok', found: 'tp_btf on inet_sock_set_state' },
      { id: 'iterators', state: 'ok', found: 'iterators over open files' },
      { id: 'ringBuffer', state: 'ok', found: 'BPF ring buffer' },
      { id: 'bpfSyscall', state: 'ok', found: 'bpf(2) reaches the kernel: no seccomp profile stops it' },
      { id: 'capabilities', state: 'ok', found: 'CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN in their place' },
      { id: 'libbpf', state: 'ok', found: 'libbpf 1.5, with every function that Weir calls' },
      { id: 'programs', state: 'ok', found: 'loaded, attached, and taken off again' },
      { id: 'cgroup2', state: 'ok', found: 'cgroup2 at /sys/fs/cgroup' },
      { id: 'bpffs', state: 'ok', found: '/sys/fs/bpf' },
      { id: 'pidNamespace', state: 'ok', found: "the machine's own" },
    ]);
    expect(canCaptureTcp(checked({}))).toBe(true);
  });

  it.each([
    ['that cannot be read', undefined],
    ['that is not in force', '[none] integrity confidentiality\n'],
  ])('may have a lockdown %s', (_, lockdown) => {
    expect(judged('kernel', { lockdown })).toMatchObject({ state: 'ok', canCapture: true });
  });
});

describe('what is missing, and how to get it', () => {
  it.each<[string, CheckId, Partial<Facts>, string, string]>([
    [
      'a kernel that is locked down',
      'kernel',
      { lockdown: 'none integrity [confidentiality]\n' },
      'Linux 6.12.0 aarch64, locked down to confidentiality: no program may read its memory',
      'boot it with lockdown=integrity or without lockdown',
    ],
    [
      'BTF',
      'btf',
      { btf: undefined },
      'this kernel has no BTF (/sys/kernel/btf/vmlinux)',
      'use a kernel built with CONFIG_DEBUG_INFO_BTF=y, 5.15 or newer',
    ],
    [
      'the tracepoint',
      'tracepoint',
      { btf: without('btf_trace_inet_sock_set_state') },
      'tp_btf on inet_sock_set_state: the kernel has no btf_trace_inet_sock_set_state',
      'use a kernel of 5.15 or newer with CONFIG_TRACEPOINTS=y and CONFIG_BPF_EVENTS=y',
    ],
    ...['bpf_iter_task_file', 'BPF_FUNC_sock_from_file'].map(
      (sign): [string, CheckId, Partial<Facts>, string, string] => [
        sign,
        'iterators',
        { btf: without(sign) },
        `iterators over open files: the kernel has no ${sign}`,
        'use a kernel of 5.15 or newer with CONFIG_BPF_SYSCALL=y and CONFIG_NET=y',
      ],
    ),
    [
      'the ring buffer',
      'ringBuffer',
      { btf: without('BPF_MAP_TYPE_RINGBUF') },
      'BPF ring buffer: the kernel has no BPF_MAP_TYPE_RINGBUF',
      'use a kernel of 5.15 or newer',
    ],
    [
      'a name of which BTF has only longer ones',
      'ringBuffer',
      { btf: btfNaming([...SIGNS.slice(0, -1), 'BPF_MAP_TYPE_RINGBUF_NEW', 'NO_BPF_MAP_TYPE_RINGBUF']) },
      'BPF ring buffer: the kernel has no BPF_MAP_TYPE_RINGBUF',
      'use a kernel of 5.15 or newer',
    ],
    [
      'features that only BTF could tell of',
      'iterators',
      { btf: undefined },
      'iterators over open files: not known without BTF',
      'BTF first',
    ],
    [
      'bpf(2), which seccomp refuses',
      'bpfSyscall',
      { bpfErrno: 1 },
      'bpf(2) is refused with EPERM (Operation not permitted)',
      'let bpf(2) through the seccomp profile: RuntimeDefault of containerd since August 2022, or of Docker since 23, does',
    ],
    [
      'bpf(2), which the kernel or a profile does not know',
      'bpfSyscall',
      { bpfErrno: 38 },
      'bpf(2) is refused with ENOSYS (Function not implemented)',
      'let bpf(2) through the seccomp profile: RuntimeDefault of containerd since August 2022, or of Docker since 23, does; ' +
        'or CONFIG_BPF_SYSCALL=y is missing',
    ],
    [
      'bpf(2), which may be for want of the capability',
      'bpfSyscall',
      { bpfErrno: 1, status: NONE },
      'bpf(2) is refused with EPERM (Operation not permitted)',
      'the capabilities first: kernels and seccomp profiles may ask for them here',
    ],
    [
      'both capabilities',
      'capabilities',
      { status: NONE },
      'capturing needs CAP_BPF and CAP_PERFMON',
      'run weir as root, or in a container with capabilities.add [BPF, PERFMON]',
    ],
    [
      'CAP_BPF',
      'capabilities',
      { status: PERFMON_ALONE },
      'capturing needs CAP_BPF',
      'run weir as root, or in a container with capabilities.add [BPF, PERFMON]',
    ],
    [
      'CAP_PERFMON',
      'capabilities',
      { status: BPF_ALONE },
      'capturing needs CAP_PERFMON',
      'run weir as root, or in a container with capabilities.add [BPF, PERFMON]',
    ],
    [
      'capabilities that count',
      'capabilities',
      { isInitial: { user: false, pid: true } },
      'those of a user namespace, which do not count',
      'run it outside of user namespaces: no rootless container, no pod with hostUsers: false',
    ],
    [
      'libbpf',
      'libbpf',
      { libbpf: new WeirError('Unsupported', 'libbpf.so.1 is not installed: install libbpf1 (Debian: libbpf1)') },
      'libbpf.so.1 is not installed',
      'install libbpf1 (Debian: libbpf1)',
    ],
    [
      'cgroup2',
      'cgroup2',
      { cgroups: new WeirError('Unsupported', 'no cgroup2 hierarchy is mounted: mount one') },
      'no cgroup2 hierarchy is mounted',
      'mount one',
    ],
  ])('%s', (_, id, facts, found, remedy) => {
    expect(judged(id, facts)).toEqual({ state: 'missing', found, remedy, canCapture: false });
  });

  it.each<[string, WeirError, string, string]>([
    [
      'a kernel that refuses the programs',
      new WeirError('KernelRefused', 'the kernel refused the tcp program: EINVAL (Invalid argument)\nline 1\nline 2'),
      'the kernel refused the tcp program: EINVAL (Invalid argument)',
      'report it with what the kernel said:\nline 1\nline 2',
    ],
    [
      'the object file',
      new WeirError('Internal', 'could not open bpf/tcp.bpf.o: build it with scripts/setup'),
      'could not open bpf/tcp.bpf.o',
      'build it with scripts/setup',
    ],
  ])('%s', (_, failure, found, remedy) => {
    expect(judged('programs', {}, failure)).toEqual({ state: 'missing', found, remedy, canCapture: false });
  });

  it.each<[string, Partial<Facts>]>([
    ['a capability', { status: NONE }],
    ['libbpf', { libbpf: new WeirError('Unsupported', 'gone: install it') }],
    ['BTF', { btf: undefined }],
  ])('without %s the programs are not even tried', (_, facts) => {
    const findings = check({ ...FACTS, ...facts }, () => expect.fail('tried'));
    expect(findings.find(({ id }) => id === 'programs')).toEqual({
      id: 'programs',
      state: 'missing',
      found: 'not tried',
      remedy: 'what else is missing first',
    });
  });
});

describe('what is degraded: TCP is captured all the same', () => {
  const RESTART = 'what is seen lives as long as the agent: connections that end while it is restarted are missed';

  it.each<[string, CheckId, Partial<Facts>, string, string, string]>([
    [
      'cgroup version 1 beside cgroup2',
      'cgroup2',
      { cgroups: { mount: '/sys/fs/cgroup/unified', version1: true } },
      'cgroup2 at /sys/fs/cgroup/unified, beside version 1',
      'containers that live on version 1 alone are named by their processes, but cannot be selected by label',
      'boot with systemd.unified_cgroup_hierarchy=1, and run containers on cgroup version 2',
    ],
    [
      'another file system in the place of bpffs',
      'bpffs',
      { bpffs: { path: '/sys/fs/bpf', type: 0x62656572, isWritable: true } },
      '/sys/fs/bpf is no BPF file system',
      RESTART,
      'on the machine: mount -t bpf bpf /sys/fs/bpf; in a pod, mount that as a hostPath volume too',
    ],
    [
      'nothing in the place of bpffs',
      'bpffs',
      { bpffs: { path: '/sys/fs/bpf', type: undefined, isWritable: false } },
      '/sys/fs/bpf is not there',
      RESTART,
      'on the machine: mount -t bpf bpf /sys/fs/bpf; in a pod, mount that as a hostPath volume too',
    ],
    [
      'a bpffs that is read-only',
      'bpffs',
      { bpffs: { ...FACTS.bpffs, isWritable: false } },
      '/sys/fs/bpf cannot be written to',
      RESTART,
      'let this user write to it: mount -o remount,rw /sys/fs/bpf, and no readOnly on the volume of a pod',
    ],
    [
      'a PID namespace of its own',
      'pidNamespace',
      { isInitial: { user: true, pid: false } },
      'one of its own: processes outside of it are not seen',
      'connections that are older than the capture are not taken over; accepted ones have no process until they end; ' +
        'containers on cgroup version 1 alone have no name',
      "run it in the machine's PID namespace (hostPID: true)",
    ],
  ])('%s', (_, id, facts, found, lacks, remedy) => {
    expect(judged(id, facts)).toEqual({ state: 'degraded', found, lacks, remedy, canCapture: true });
  });

  it('a kernel that does not let socket storage be walked', () => {
    expect(judged('programs', {}, 'files')).toEqual({
      state: 'degraded',
      ...FILES_WALKED,
      remedy: 'use a kernel that allows iter/bpf_sk_storage_map; what is lost is little',
      canCapture: true,
    });
  });
});

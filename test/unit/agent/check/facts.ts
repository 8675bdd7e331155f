import type { Facts } from '../../../../src/agent/check/facts.ts';

/** /proc/self/status with these effective capabilities. */
export function statusWith(effective: string): string {
  return `Name:\tnode\nCapEff:\t${effective}\n`;
}

/** BTF as far as its string table goes. */
export function btfNaming(names: readonly string[]): Uint8Array {
  return Buffer.from(`\0${names.join('\0')}\0`);
}

export const SIGNS: readonly string[] = [
  'btf_trace_inet_sock_set_state',
  'bpf_iter_task_file',
  'BPF_FUNC_sock_from_file',
  'BPF_MAP_TYPE_RINGBUF',
];

/** A machine that has everything, as root. */
export const FACTS: Facts = {
  kernel: { release: '6.12.0', machine: 'aarch64' },
  lockdown: 'none [integrity] confidentiality\n',
  btf: btfNaming(SIGNS),
  status: statusWith('000001ffffffffff'),
  isInitial: { user: true, pid: true },
  bpfErrno: 22,
  cgroups: { mount: '/sys/fs/cgroup', version1: false },
  libbpf: '1.5',
  bpffs: { path: '/sys/fs/bpf', type: 0xcafe4a11, isWritable: true },
};

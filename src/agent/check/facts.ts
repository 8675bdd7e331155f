import type { WeirError } from '../../lib/errors.ts';

/** What this machine and this process are, as far as capturing depends on it; nothing is judged yet. */
export interface Facts {
  /** As uname(2) has them. */
  readonly kernel: { readonly release: string; readonly machine: string };
  /** The text of /sys/kernel/security/lockdown; undefined where it cannot be read. */
  readonly lockdown: string | undefined;
  /** The kernel's BTF; undefined where there is none. */
  readonly btf: Uint8Array | undefined;
  /** The text of /proc/self/status. */
  readonly status: string;
  /** Whether the namespaces of this process are those that the machine began with. */
  readonly isInitial: { readonly user: boolean; readonly pid: boolean };
  /** errno of a bpf(2) whose command does not exist. */
  readonly bpfErrno: number;
  readonly cgroups: { readonly mount: string; readonly version1: boolean } | WeirError;
  /** Its version. */
  readonly libbpf: string | WeirError;
  readonly bpffs: BpffsFacts;
}

/** What is at the place of the BPF file system; `type` as statfs(2) has it, undefined where nothing is. */
export interface BpffsFacts {
  readonly path: string;
  readonly type: number | undefined;
  readonly isWritable: boolean;
}

import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { mountsOf } from '../../lib/mounts.ts';
import { cgroup2Mount } from '../identify/cgroup-mount.ts';
import { requireTracing } from './refusal.ts';

/** The kernel's own type information. */
export const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/** Where pods are found on this machine. @throws WeirError Unsupported where there is no cgroup2 hierarchy. */
export function findCgroups(): { readonly mount: string; readonly version1: boolean } {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  return { mount: cgroup2Mount(mountinfo), version1: / - cgroup /.test(mountinfo) };
}

/** Where a bpffs is mounted, or should be: the first of those that there are. */
export function findBpffs(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): string {
  return mountsOf(mountinfo, 'bpf')[0]?.point ?? '/sys/fs/bpf';
}

/** What a report says of the kernel. */
export function kernelFacts(): { readonly release: string; readonly btf: boolean } {
  return { release: release(), btf: existsSync(KERNEL_BTF) };
}

/** @throws WeirError MissingPrivilege or Unsupported when this process cannot trace on this kernel. */
export function requireTracingHere(): void {
  requireTracing({ status: readFileSync('/proc/self/status', 'utf8'), kernelBtf: existsSync(KERNEL_BTF) });
}

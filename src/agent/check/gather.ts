/** Looks at this machine; changes nothing on it. */
import { accessSync, constants, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { machine, release } from 'node:os';
import { WeirError } from '../../lib/errors.ts';
import { Libbpf } from '../load/libbpf.ts';
import { bpfErrno } from '../load/libc.ts';
import { findBpffs, findCgroups, KERNEL_BTF } from '../load/machine.ts';
import type { BpffsFacts, Facts } from './facts.ts';

/** Inodes of the namespaces that a kernel begins with (include/linux/proc_ns.h). */
const INITIAL = { user: 0xeffffffd, pid: 0xeffffffc } as const;

export function gatherFacts(): Facts {
  return {
    kernel: { release: release(), machine: machine() },
    lockdown: unlessAbsent(() => readFileSync('/sys/kernel/security/lockdown', 'utf8')),
    btf: unlessAbsent(() => readFileSync(KERNEL_BTF)),
    status: readFileSync('/proc/self/status', 'utf8'),
    isInitial: { user: isInitial('user'), pid: isInitial('pid') },
    bpfErrno: bpfErrno(),
    cgroups: orRefusal(findCgroups),
    libbpf: orRefusal(() => Libbpf.load().version()),
    bpffs: bpffsFacts(),
  };
}

function isInitial(namespace: keyof typeof INITIAL): boolean {
  return readlinkSync(`/proc/self/ns/${namespace}`) === `${namespace}:[${INITIAL[namespace]}]`;
}

function bpffsFacts(): BpffsFacts {
  const path = findBpffs();
  const isWritable = unlessAbsent(() => {
    accessSync(path, constants.W_OK);
    return true;
  });
  return { path, type: unlessAbsent(() => statfsSync(path).type), isWritable: isWritable ?? false };
}

/** Undefined where the file is not there, or may not be read. */
function unlessAbsent<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

function orRefusal<Value>(look: () => Value): Value | WeirError {
  try {
    return look();
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
}

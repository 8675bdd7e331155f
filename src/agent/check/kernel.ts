/** What the kernel is built with: told by its own type information, never by its version. */
import { btfRefusal } from '../load/refusal.ts';
import type { Facts } from './facts.ts';
import { type CheckId, type Finding, missingBy } from './finding.ts';

/** Names in BTF that are there when, and only when, the kernel has the feature. */
interface Feature {
  readonly id: CheckId;
  readonly name: string;
  readonly signs: readonly string[];
  readonly remedy: string;
}

const NEWER = 'use a kernel of 5.15 or newer';

const FEATURES: readonly Feature[] = [
  {
    id: 'tracepoint',
    name: 'tp_btf on inet_sock_set_state',
    signs: ['btf_trace_inet_sock_set_state'],
    remedy: `${NEWER} with CONFIG_TRACEPOINTS=y and CONFIG_BPF_EVENTS=y`,
  },
  {
    id: 'iterators',
    // That over socket storage is not needed: the programs tell whether it is there.
    name: 'iterators over open files',
    signs: ['bpf_iter_task_file', 'BPF_FUNC_sock_from_file'],
    remedy: `${NEWER} with CONFIG_BPF_SYSCALL=y and CONFIG_NET=y`,
  },
  { id: 'ringBuffer', name: 'BPF ring buffer', signs: ['BPF_MAP_TYPE_RINGBUF'], remedy: NEWER },
];

/** Forbids every program that reads kernel memory, whoever loads it. */
const FORBIDDING_LOCKDOWN = '[confidentiality]';

export function judgeKernel({ kernel: { release, machine }, lockdown }: Pick<Facts, 'kernel' | 'lockdown'>): Finding {
  const found = `Linux ${release} ${machine}`;
  if (lockdown?.includes(FORBIDDING_LOCKDOWN) !== true) return { id: 'kernel', state: 'ok', found };
  return {
    id: 'kernel',
    state: 'missing',
    found: `${found}, locked down to confidentiality: no program may read its memory`,
    remedy: 'boot it with lockdown=integrity or without lockdown',
  };
}

export function judgeBtf(btf: Uint8Array | undefined): Finding {
  const refusal = btfRefusal(btf !== undefined);
  if (refusal !== undefined) return missingBy('btf', refusal);
  return { id: 'btf', state: 'ok', found: '/sys/kernel/btf/vmlinux' };
}

/** One finding a feature that the programs use. */
export function judgeFeatures(btf: Uint8Array | undefined): readonly Finding[] {
  return FEATURES.map(({ id, name, signs, remedy }) => {
    if (btf === undefined)
      return { id, state: 'missing', found: `${name}: not known without BTF`, remedy: 'BTF first' };
    const missing = signs.filter((sign) => !hasName(btf, sign));
    if (missing.length === 0) return { id, state: 'ok', found: name };
    return { id, state: 'missing', found: `${name}: the kernel has no ${missing.join(', ')}`, remedy };
  });
}

/** Whether BTF names it: names stand in its string table, a zero byte before and after each (Documentation/bpf/btf.rst). */
function hasName(btf: Uint8Array, name: string): boolean {
  return Buffer.from(btf.buffer, btf.byteOffset, btf.byteLength).includes(`\0${name}\0`);
}

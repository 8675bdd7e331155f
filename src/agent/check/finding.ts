/** What `weir check` says of one thing that capturing TCP uses. */
import type { WeirError } from '../../lib/errors.ts';

export type CheckId =
  | 'kernel'
  | 'btf'
  | 'tracepoint'
  | 'iterators'
  | 'ringBuffer'
  | 'bpfSyscall'
  | 'capabilities'
  | 'libbpf'
  | 'programs'
  | 'cgroup2'
  | 'bpffs'
  | 'pidNamespace';

/** `missing`: TCP cannot be captured. `degraded`: it can, but `lacks` says what is not there then. */
export type Finding =
  | { readonly id: CheckId; readonly state: 'ok'; readonly found: string }
  | {
      readonly id: CheckId;
      readonly state: 'degraded';
      readonly found: string;
      readonly lacks: string;
      readonly remedy: string;
    }
  | { readonly id: CheckId; readonly state: 'missing'; readonly found: string; readonly remedy: string };

/** The finding in an error that says what is wrong, a colon, and what to do. */
export function missingBy(id: CheckId, { message }: WeirError): Finding {
  const [found = '', ...remedy] = message.split(': ');
  return { id, state: 'missing', found, remedy: remedy.join(': ') };
}

export function canCaptureTcp(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== 'missing');
}

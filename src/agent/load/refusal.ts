/** What a refusal of the kernel really means, and the remedy; libbpf's own words often name the wrong cause. */
import { WeirError } from '../../lib/errors.ts';
import { errorText } from './libc.ts';

const EPERM = 1;
const LOG_LINES = 12;

const CAPABILITIES = { CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

/** The capabilities that loading needs and this process lacks; `status` is the text of /proc/self/status. */
export function missingCapabilities(status: string): readonly string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const has = (name: keyof typeof CAPABILITIES) => ((effective >> BigInt(CAPABILITIES[name])) & 1n) === 1n;
  if (has('CAP_SYS_ADMIN')) return [];
  return (['CAP_BPF', 'CAP_PERFMON'] as const).filter((name) => !has(name));
}

/** Why a process with this /proc/self/status may not trace; undefined when it may. */
export function capabilityRefusal(status: string): WeirError | undefined {
  const missing = missingCapabilities(status);
  if (missing.length === 0) return undefined;
  return new WeirError(
    'MissingPrivilege',
    `capturing needs ${missing.join(' and ')}: run weir as root, or in a container with capabilities.add [BPF, PERFMON]`,
  );
}

/** Why a kernel cannot be traced that has no BTF; undefined when it has. */
export function btfRefusal(kernelBtf: boolean): WeirError | undefined {
  if (kernelBtf) return undefined;
  return new WeirError(
    'Unsupported',
    'this kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, 5.15 or newer',
  );
}

/** Throws before anything is loaded when this machine or process cannot run eBPF tracing. */
export function requireTracing(facts: { readonly status: string; readonly kernelBtf: boolean }): void {
  const refusal = capabilityRefusal(facts.status) ?? btfRefusal(facts.kernelBtf);
  if (refusal !== undefined) throw refusal;
}

/** Turns a failed load into an error for a person, with the verifier's last lines. */
export function explainLoadFailure(program: string, result: number, log: string): WeirError {
  const tail = log.trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  if (Math.abs(result) === EPERM) {
    return new WeirError(
      'MissingPrivilege',
      `the kernel refused the ${program} program: ${errorText(result)}. The capabilities are there, so a seccomp profile ` +
        `or kernel lockdown forbids bpf(2): use seccompProfile RuntimeDefault of a current container runtime\n${tail}`,
    );
  }
  return new WeirError('KernelRefused', `the kernel refused the ${program} program: ${errorText(result)}\n${tail}`);
}

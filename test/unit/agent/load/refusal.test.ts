import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explainLoadFailure, missingCapabilities, requireTracing } from '../../../../src/agent/load/refusal.ts';
import { WeirError } from '../../../../src/lib/errors.ts';

/** /proc/self/status with these effective capabilities; the other masks say the opposite. */
function status(effective: string): string {
  return [
    'Name:\tnode',
    'Uid:\t0\t0\t0\t0',
    'CapInh:\t0000000000000000',
    'CapPrm:\t000001ffffffffff',
    `CapEff:\t${effective}`,
    'CapBnd:\t000001ffffffffff',
    'CapAmb:\t0000000000000000',
    'Seccomp:\t0',
    '',
  ].join('\n');
}

const ROOT = status('000001ffffffffff');
const NONE = status('0000000000000000');

describe('the capabilities that are missing', () => {
  it.each([
    ['none for root', ROOT, []],
    ['both for anybody else', NONE, ['CAP_BPF', 'CAP_PERFMON']],
    ['none with CAP_BPF and CAP_PERFMON alone', status('000000c000000000'), []],
    ['CAP_PERFMON with CAP_BPF alone', status('0000008000000000'), ['CAP_PERFMON']],
    ['CAP_BPF with CAP_PERFMON alone', status('0000004000000000'), ['CAP_BPF']],
    ['none with CAP_SYS_ADMIN alone, which holds both', status('0000000000200000'), []],
    ["both with Docker's default", status('00000000a80425fb'), ['CAP_BPF', 'CAP_PERFMON']],
    ['both when the text says nothing of them', 'Name:\tnode\n', ['CAP_BPF', 'CAP_PERFMON']],
  ])('are %s', (_, text, missing) => {
    expect(missingCapabilities(text)).toEqual(missing);
  });

  it('can be told of this very process', () => {
    expect(missingCapabilities(readFileSync('/proc/self/status', 'utf8'))).toBeInstanceOf(Array);
  });
});

describe('a machine or process that cannot trace', () => {
  it.each([
    [
      'without capabilities',
      { status: NONE, kernelBtf: true },
      'MissingPrivilege',
      'capturing needs CAP_BPF and CAP_PERFMON: run weir as root, or in a container with capabilities.add [BPF, PERFMON]',
    ],
    [
      'with one of the two',
      { status: status('0000008000000000'), kernelBtf: true },
      'MissingPrivilege',
      'capturing needs CAP_PERFMON: run weir as root, or in a container with capabilities.add [BPF, PERFMON]',
    ],
    [
      'without BTF',
      { status: ROOT, kernelBtf: false },
      'Unsupported',
      'this kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y, 5.15 or newer',
    ],
  ])('%s is refused with the remedy, and exit status 3', (_, facts, code, message) => {
    const refused = thrownBy(() => requireTracing(facts));
    expect(refused).toMatchObject({ code, message, exitStatus: 3 });
  });

  it('is let through when nothing is missing', () => {
    expect(thrownBy(() => requireTracing({ status: ROOT, kernelBtf: true }))).toBeUndefined();
  });
});

describe('a refused load', () => {
  const LOG = `${Array.from({ length: 40 }, (_, line) => `line ${line + 1}`).join('\n')}\n\n`;
  const TAIL = Array.from({ length: 12 }, (_, line) => `line ${line + 29}`).join('\n');

  it('is told with the last 12 lines of the verifier', () => {
    const error = explainLoadFailure('tcp', -22, LOG);
    expect(error).toMatchObject({ code: 'KernelRefused', exitStatus: 3 });
    expect(error.message).toBe(`the kernel refused the tcp program: EINVAL (Invalid argument)\n${TAIL}`);
  });

  it('for want of a permission names what forbids it, since the capabilities are there', () => {
    const error = explainLoadFailure('tcp', -1, 'log\n');
    expect(error).toMatchObject({ code: 'MissingPrivilege', exitStatus: 3 });
    expect(error.message).toBe(
      'the kernel refused the tcp program: EPERM (Operation not permitted). The capabilities are there, so a seccomp ' +
        'profile or kernel lockdown forbids bpf(2): use seccompProfile RuntimeDefault of a current container runtime\nlog',
    );
  });
});

function thrownBy(action: () => void): WeirError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
}

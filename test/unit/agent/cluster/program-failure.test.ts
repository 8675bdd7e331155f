import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failedState, shortMessage } from '../../../../src/agent/cluster/program-failure.ts';
import { WeirError } from '../../../../src/lib/errors.ts';

const REFUSED = 'the kernel refused the tcp program: EACCES (Permission denied)';

/** As libbpf 1.1 prints it when Linux 6.18 refuses a program. */
const VERIFIER = [
  "libbpf: prog 'tcp_by_process': BPF program load failed: Permission denied",
  "libbpf: prog 'tcp_by_process': -- BEGIN PROG LOAD LOG --",
  '0: R1=ctx() R10=fp0',
  '0: (b7) r1 = 8                        ; R1=8',
  '1: (79) r0 = *(u64 *)(r1 +0)',
  "R1 invalid mem access 'scalar'",
  'processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0',
  '-- END PROG LOAD LOG --',
  "libbpf: prog 'tcp_by_process': failed to load: -13",
  "libbpf: failed to load object '/opt/weir/bpf/tcp.bpf.o'",
];

function messageOf(...lines: readonly string[]): string {
  return failedState(new WeirError('KernelRefused', lines.join('\n'))).message;
}

describe('why a program does not run', () => {
  test("is what was refused, and the verifier's last line", () => {
    expect(failedState(new WeirError('KernelRefused', [REFUSED, ...VERIFIER].join('\n')))).toEqual({
      state: 'Failed',
      reason: 'KernelRefused',
      message: `${REFUSED}: R1 invalid mem access 'scalar'`,
    });
  });

  test('is Unsupported where this kernel never will', () => {
    const failure = new WeirError('Unsupported', 'this kernel has no BTF');
    expect(failedState(failure)).toEqual({ state: 'Unsupported', reason: 'Unsupported', message: failure.message });
  });

  test('is, where it was not the verifier, the last line that says why', () => {
    const create = 'libbpf: Error in bpf_create_map_xattr(flows):Invalid argument(-22). Retrying without BTF.';
    expect(messageOf(REFUSED, create, "libbpf: failed to load object 'tcp.bpf.o'", '')).toBe(`${REFUSED}: ${create}`);
  });

  test('is the first line alone where there is no log, or none that says why', () => {
    expect(messageOf('no BTF', '')).toBe('no BTF');
    expect(messageOf(REFUSED, "libbpf: failed to load object 'tcp.bpf.o'")).toBe(REFUSED);
    expect(messageOf(REFUSED, '-- END PROG LOAD LOG --')).toBe(REFUSED);
    expect(messageOf('')).toBe('');
  });
});

test('a message is one line of whole characters that the API takes, whatever it is made of', () => {
  const long = fc.string({ unit: 'binary', minLength: 900, maxLength: 1100 });
  fc.assert(
    fc.property(long, (text) => {
      const message = shortMessage(text);
      expect(message).toSatisfy((line: string) => line.length <= 1024 && !/[\r\n]/.test(line));
      expect(message.isWellFormed()).toBe(true);
    }),
  );
  expect(shortMessage(`${'x'.repeat(1022)}😀😀`)).toBe(`${'x'.repeat(1022)}…`);
  expect(shortMessage(' a\n\t b ')).toBe('a b');
});

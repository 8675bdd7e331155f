import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { whyNoLab } from './lab/requirements.ts';

const PROGRAM = fileURLToPath(new URL('../../bpf/tcp.bpf.o', import.meta.url));
const KERNEL_BTF = '/sys/kernel/btf/vmlinux';

/** What this machine lacks for a capture, as words for the name of a skipped test; undefined when one works here. */
function whyNoCapture(): string | undefined {
  const noLab = whyNoLab();
  if (noLab !== undefined) return noLab;
  if (!existsSync(KERNEL_BTF)) return `captures need a kernel with BTF (${KERNEL_BTF})`;
  return existsSync(PROGRAM) ? undefined : 'captures need bpf/tcp.bpf.o: run scripts/setup';
}

const missing = whyNoCapture();

/** Whether captures are tested here. Where nothing may be skipped, a machine that cannot capture fails the tests. */
export const mayCapture: boolean = missing === undefined || process.env['CI'] === 'true';

/** Goes behind a test's name. */
export const whySkipped: string = missing === undefined ? '' : ` (${missing})`;

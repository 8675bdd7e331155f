import { type CheckId, canCaptureTcp, type Finding } from '../agent/check/finding.ts';
import { escapeForTerminal } from '../lib/escape.ts';

const NAMES: Readonly<Record<CheckId, string>> = {
  kernel: 'kernel',
  btf: 'BTF',
  tracepoint: 'tracepoint',
  iterators: 'iterators',
  ringBuffer: 'ring buffer',
  bpfSyscall: 'bpf(2)',
  capabilities: 'capabilities',
  libbpf: 'libbpf',
  programs: 'TCP programs',
  cgroup2: 'cgroup2',
  bpffs: 'bpffs',
  pidNamespace: 'PID namespace',
};
const STATE_WIDTH = 'degraded'.length;
const NAME_WIDTH = Math.max(...Object.values(NAMES).map(({ length }) => length));
const INDENT = ' '.repeat(STATE_WIDTH + 2);

/** One line a finding, below it what is lost and what to do; then the verdict. */
export function checkText(findings: readonly Finding[]): string {
  return [...findings.flatMap(findingLines), verdict(findings)].map((line) => `${escapeForTerminal(line)}\n`).join('');
}

function findingLines(finding: Finding): readonly string[] {
  const { id, state, found } = finding;
  const line = `${state.padEnd(STATE_WIDTH)}  ${NAMES[id].padEnd(NAME_WIDTH)}  ${found}`;
  if (finding.state === 'ok') return [line];
  const notes = [...(finding.state === 'degraded' ? [`lost: ${finding.lacks}`] : []), `remedy: ${finding.remedy}`];
  return [line, ...notes.flatMap((note) => note.split('\n')).map((note) => `${INDENT}${note}`)];
}

function verdict(findings: readonly Finding[]): string {
  const named = (wanted: Finding['state']) =>
    findings.flatMap(({ id, state }) => (state === wanted ? [NAMES[id]] : [])).join(', ');
  if (!canCaptureTcp(findings)) return `TCP cannot be captured here, for want of: ${named('missing')}`;
  const degraded = named('degraded');
  return degraded === '' ? 'TCP can be captured here' : `TCP can be captured here, degraded by: ${degraded}`;
}

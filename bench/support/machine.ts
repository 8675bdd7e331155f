import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { libbpfVersion } from './bpf.ts';

/** The machine in one line: ratios travel from one to another, absolute figures do not. */
export function machineText(): string {
  const cores = cpus();
  const virtual = /^flags\s*:.* hypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'virtual machine, ' : '';
  const [kernel] = /^\d+\.\d+(?:\.\d+)?/.exec(release()) ?? [release()];
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const software = `Linux ${kernel}, Node ${process.version}, libbpf ${libbpfVersion()}`;
  return `${virtual}${cores.length} cores of ${cores[0]?.model ?? 'an unknown CPU'}, ${memory}, ${software}`;
}

/** Load of the last minute: what else ran. */
export function loadText(): string {
  return (loadavg()[0] ?? 0).toFixed(2);
}

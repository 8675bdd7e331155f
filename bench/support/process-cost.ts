import { readFileSync } from 'node:fs';

/** User and system time of a process, ms; in steps of a clock tick, which is 10 ms. */
export function cpuMillis(pid: number): number {
  // After the name, which may hold anything: state is the 3rd field, utime the 14th, stime the 15th (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Memory of a process that is in RAM now. */
export function rssBytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/** The most memory that the process ever had in RAM. */
export function peakRssBytes(pid: number): number {
  const [, kibibytes = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

import { readFileSync } from 'node:fs';

/**
 * Where cgroup v2 is mounted: /sys/fs/cgroup on most machines, below it in hybrid mode.
 *
 * @param mountinfo text of /proc/self/mountinfo, proc(5)
 */
export function findCgroup2(mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    const point = mount?.split(' ')[4];
    if (point !== undefined && filesystem?.startsWith('cgroup2 ') === true) return unescapeOctal(point);
  }
  return undefined;
}

/** As {@link findCgroup2}, for code that has checked `whyNoLab` before. */
export function cgroup2Mount(): string {
  const mount = findCgroup2();
  if (mount === undefined) throw new Error('cgroup v2 is not mounted on this machine');
  return mount;
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

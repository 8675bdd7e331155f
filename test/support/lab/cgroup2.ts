import { readFileSync } from 'node:fs';

/**
 * Where cgroup v2 is mounted: /sys/fs/cgroup on most machines, below it in hybrid mode.
 *
 * @param mountinfo text of /proc/self/mountinfo, proc(5)
 */
export function findCgroup2(mountinfo = readMounts()): string | undefined {
  return mountPoints('cgroup2', mountinfo)[0];
}

/** Where cgroup hierarchies are mounted, of v1 and v2. @param mountinfo as for {@link findCgroup2} */
export function cgroupMounts(mountinfo = readMounts()): readonly string[] {
  return ['cgroup', 'cgroup2'].flatMap((filesystem) => mountPoints(filesystem, mountinfo));
}

/** As {@link findCgroup2}, for code that has checked `whyNoLab` before. */
export function cgroup2Mount(): string {
  const mount = findCgroup2();
  if (mount === undefined) throw new Error('cgroup v2 is not mounted on this machine');
  return mount;
}

function readMounts(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}

function mountPoints(filesystem: string, mountinfo: string): readonly string[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [mount, source] = line.split(' - ');
    const point = mount?.split(' ')[4];
    return point !== undefined && source?.startsWith(`${filesystem} `) === true ? [unescapeOctal(point)] : [];
  });
}

function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

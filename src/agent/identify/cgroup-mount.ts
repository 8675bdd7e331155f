import { WeirError } from '../../lib/errors.ts';

/**
 * Where the cgroup2 hierarchy is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)): /sys/fs/cgroup,
 * or /sys/fs/cgroup/unified beside version 1. A mount of the whole hierarchy goes before one of a part of it, the first
 * before the others. Throws Unsupported when there is none.
 */
export function cgroup2Mount(mountinfo: string): string {
  let ofPart: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    if (filesystem?.startsWith('cgroup2 ') !== true) continue;
    const [, , , root, point] = mount?.split(' ') ?? [];
    if (point === undefined) continue;
    if (root === '/') return unescapeOctal(point);
    ofPart ??= point;
  }
  if (ofPart !== undefined) return unescapeOctal(ofPart);
  throw new WeirError(
    'Unsupported',
    'no cgroup2 hierarchy is mounted, so sockets cannot be told apart by pod: mount one (mount -t cgroup2 none /sys/fs/cgroup)',
  );
}

/** mountinfo writes blanks and backslashes as octal escapes. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

import { WeirError } from '../../lib/errors.ts';

/**
 * Where the cgroup2 hierarchy is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)): /sys/fs/cgroup,
 * or /sys/fs/cgroup/unified beside version 1. Throws Unsupported when there is none.
 */
export function cgroup2Mount(mountinfo: string): string {
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    if (filesystem?.startsWith('cgroup2 ')) {
      const point = mount?.split(' ')[4];
      if (point !== undefined) return unescapeOctal(point);
    }
  }
  throw new WeirError(
    'Unsupported',
    'no cgroup2 hierarchy is mounted, so sockets cannot be told apart by pod: mount one (mount -t cgroup2 none /sys/fs/cgroup)',
  );
}

/** mountinfo writes blanks and backslashes as octal escapes. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

import { WeirError } from '../../lib/errors.ts';

/**
 * Where the cgroup2 hierarchy is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)): /sys/fs/cgroup,
 * or /sys/fs/cgroup/unified beside version 1. Of several the one that shows most of it, the first before the others. Throws
 * Unsupported when there is none.
 */
export function cgroup2Mount(mountinfo: string): string {
  let best: { readonly height: number; readonly point: string } | undefined;
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    if (filesystem?.startsWith('cgroup2 ') !== true) continue;
    const [, , , root = '', point] = mount?.split(' ') ?? [];
    if (point !== undefined && heightOf(root) > (best?.height ?? -1)) best = { height: heightOf(root), point };
  }
  if (best !== undefined) return unescapeOctal(best.point);
  throw new WeirError(
    'Unsupported',
    'no cgroup2 hierarchy is mounted, so sockets cannot be told apart by pod: mount one (mount -t cgroup2 none /sys/fs/cgroup)',
  );
}

/**
 * How much of the hierarchy a mount with this root shows. In a cgroup namespace, as containers have one, `/` is only the
 * container's own part, and what lies above it, such as the host's mount in a volume, has a root of `/..` for each level.
 */
function heightOf(root: string): number {
  if (root === '/') return 1;
  return /^(?:\/\.\.)+$/.test(root) ? root.length : 0;
}

/** mountinfo writes blanks and backslashes as octal escapes. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

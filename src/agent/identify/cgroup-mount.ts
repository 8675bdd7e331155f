import { WeirError } from '../../lib/errors.ts';
import { mountsOf } from '../../lib/mounts.ts';

/**
 * Where the cgroup2 hierarchy is mounted, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)): /sys/fs/cgroup,
 * or /sys/fs/cgroup/unified beside version 1. Of several the one that shows most of it, the first before the others. Throws
 * Unsupported when there is none.
 */
export function cgroup2Mount(mountinfo: string): string {
  let best: { readonly height: number; readonly point: string } | undefined;
  for (const { root, point } of mountsOf(mountinfo, 'cgroup2'))
    if (heightOf(root) > (best?.height ?? -1)) best = { height: heightOf(root), point };
  if (best !== undefined) return best.point;
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

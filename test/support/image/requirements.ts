import { spawnSync } from 'node:child_process';

const COMMANDS = ['apt-get', 'buildah', 'debootstrap', 'flock', 'npm', 'setpriv', 'timeout', 'unshare'];

/** What this machine lacks to build the image, as words for the name of a skipped test; undefined when it can. */
export function whyNoImage(): string | undefined {
  if (process.platform !== 'linux') return 'the image is built on Linux';
  if (process.getuid?.() !== 0) return 'the image is built as root';
  const missing = COMMANDS.filter((command) => spawnSync('sh', ['-c', 'command -v "$0"', command]).status !== 0);
  if (missing.length > 0) return `to build the image needs ${missing.join(', ')}`;
  if (spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status !== 0)
    return 'to build the image needs permission to make namespaces';
  return undefined;
}

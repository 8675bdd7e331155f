import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { UnpackedImage } from './unpacked.ts';

export interface ContainerOptions {
  /** `uid:gid`; default: the image's own. */
  readonly user?: string;
  /** Text for the command's standard input. */
  readonly input?: string;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * In namespaces of its own, as an engine does it: the command is process 1, and sees the image's files, /proc, /dev, and /sys
 * with the machine's cgroups. The first line tells that the signals will find the command.
 */
const ENTER = `
root=$1 user=$2; shift 2
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec env -i "$@"
`;

/** A command of an image that runs; it is killed when this process ends, and its mounts go with it. */
export class Container {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stderr = '';

  /** Starts the image's entry point with these arguments. The network is the machine's. */
  constructor(image: UnpackedImage, argv: readonly string[], options: ContainerOptions = {}) {
    const { user = image.config.User, input = '' } = options;
    const inside = ['chroot', `--userspec=${user}`, image.root, ...image.config.Entrypoint, ...argv];
    const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
    const command = ['sh', '-ec', ENTER, 'sh', image.root, user, ...image.config.Env, ...inside];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...namespaces, ...command], { stdio: 'pipe' });
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    // A command that ends without reading its input breaks the pipe; its exit status tells what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    this.ended = Promise.all([once(child, 'close'), text(child.stdout)]).then(([[status], stdout]) => ({
      status,
      stdout,
      stderr: this.#stderr,
    }));
  }

  /** What it has said on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** SIGTERM, as an engine stops a container. */
  terminate(): void {
    const unshare = this.#child.pid;
    const first = Number(readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8'));
    process.kill(first, 'SIGTERM');
  }

  /** Ends it in any case. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

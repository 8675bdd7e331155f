import { start, untilReady } from '../../lab/command.ts';
import { Daemon } from '../process/daemon.ts';
import { type Outcome, type RunOptions, run } from '../process/run.ts';
import type { Cgroup } from './cgroups.ts';

/** A shared root, so that what is mounted is seen by containers that ask for it (`Bidirectional`), and by nobody outside. */
const HOLD = 'mount --make-rshared / && ip link set lo up && echo held && exec sleep infinity';
const ENTER_CGROUP = 'echo 0 >"$0/cgroup.procs" && exec "$@"';

/**
 * What makes a machine of its own out of a part of this one: a mount and a network namespace, and a cgroup that everything
 * which is started on it begins in. The namespaces exist through a process that holds them; with the processes in the cgroup
 * they are gone, and so are their mounts and devices.
 */
export class Machine {
  /** The process that holds the namespaces. */
  readonly pid: number;
  readonly #cgroup: string;

  private constructor(pid: number, cgroup: string) {
    this.pid = pid;
    this.#cgroup = cgroup;
  }

  /** @param cgroup that is there and in which no other processes are */
  static async boot(name: string, cgroup: Cgroup): Promise<Machine> {
    const own = ['unshare', '--mount', '--net', '--propagation', 'private', 'sh', '-c', HOLD];
    const hold = ['setpriv', '--pdeathsig', 'KILL', ...own];
    const { directory } = cgroup;
    const pid = await untilReady(start({ cgroup: directory, netnsPid: undefined }, hold), `the machine ${name}`);
    return new Machine(pid, directory);
  }

  /** The command that runs another one here; its process becomes that one's, and the working directory is /. */
  command(argv: readonly string[]): readonly string[] {
    const namespaces = [`--mount=/proc/${this.pid}/ns/mnt`, `--net=/proc/${this.pid}/ns/net`];
    return ['sh', '-c', ENTER_CGROUP, this.#cgroup, 'nsenter', ...namespaces, '--', ...argv];
  }

  /** As `run` of process/run.ts. */
  run(argv: readonly string[], options?: RunOptions): Promise<Outcome> {
    const [command = '', ...args] = this.command(argv);
    return run(command, args, options);
  }

  /** As {@link run}; rejects with what the command said when it fails. */
  async runOrThrow(argv: readonly string[], options?: RunOptions): Promise<string> {
    const { status, stdout, stderr } = await this.run(argv, options);
    if (status !== 0) throw new Error(`${argv.join(' ')} ended with status ${status}: ${stderr.trim()}`);
    return stdout;
  }

  /** Runs ip(8) commands, in order, in one process. */
  async ip(...commands: readonly string[]): Promise<void> {
    await this.runOrThrow(['ip', '-batch', '-'], { input: commands.join('\n') });
  }

  /** Lets the machine pass packets on. */
  async forward(): Promise<void> {
    await this.runOrThrow(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
  }

  daemon(name: string, argv: readonly string[], log: string): Promise<Daemon> {
    return Daemon.start(name, this.command(argv), log);
  }
}

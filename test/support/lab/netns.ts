import { statSync } from 'node:fs';
import { type Output, type Place, type RunOptions, run, start, untilReady } from './command.ts';

/** An interface's addresses, as `Router.attach` gave them. */
export interface Attachment {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
}

/**
 * A network namespace that exists only through a process that holds it: no mount, nothing to unmount.
 * The holder lives in the lab's cgroup, so the end of the lab's processes is the end of the namespace.
 */
export class NetNs {
  readonly name: string;
  /** The process that holds the namespace. */
  readonly pid: number;
  #attachment: Attachment | undefined;
  readonly #place: Place;

  private constructor(name: string, pid: number, cgroup: string) {
    this.name = name;
    this.pid = pid;
    this.#place = { cgroup, netnsPid: pid };
  }

  /** @param cgroup absolute path of the cgroup for the holder and for the commands that set the namespace up */
  static async create(name: string, cgroup: string): Promise<NetNs> {
    const hold = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo held; exec sleep infinity'];
    const pid = await untilReady(start({ cgroup, netnsPid: undefined }, hold), `the holder of namespace ${name}`);
    const netns = new NetNs(name, pid, cgroup);
    // Without duplicate address detection an IPv6 address can be used at once, the link-local one too.
    await netns.sysctl({ 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 });
    await netns.ip('link set lo up');
    return netns;
  }

  /** Inode number of the namespace, as in /proc/PID/ns/net. */
  get inode(): bigint {
    return statSync(`/proc/${this.pid}/ns/net`, { bigint: true }).ino;
  }

  /** The addresses of eth0; throws before the namespace is attached to a router. */
  get attachment(): Attachment {
    if (this.#attachment === undefined)
      throw new Error(`namespace ${this.name} has no eth0: attach it to a router first`);
    return this.#attachment;
  }

  set attachment(attachment: Attachment) {
    if (this.#attachment !== undefined) throw new Error(`namespace ${this.name} is attached already`);
    this.#attachment = attachment;
  }

  run(argv: readonly string[], options?: RunOptions): Promise<Output> {
    return run(this.#place, argv, options);
  }

  /** Runs ip(8) commands, in order, in one process: `'link set lo up'`. */
  async ip(...commands: readonly string[]): Promise<void> {
    await this.run(['ip', '-batch', '-'], { input: commands.join('\n') });
  }

  /** Loads nft(8) rules, all or none. */
  async nft(rules: string): Promise<void> {
    await this.run(['nft', '-f', '-'], { input: rules });
  }

  /** Sets the namespace's own sysctls: `{ 'net.ipv4.tcp_fastopen': 3 }`. */
  async sysctl(settings: Readonly<Record<string, number>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `${value} /proc/sys/${name.replaceAll('.', '/')}\n`);
    const script = 'while read -r value path; do echo "$value" >"$path" || exit 1; done';
    await this.run(['sh', '-c', script], { input: lines.join('') });
  }

  /** Lets sockets that dial have every unprivileged port: 28,000 are used up where many connections have just ended. */
  async allowAllPorts(): Promise<void> {
    await this.run(['sh', '-c', 'echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range']);
  }
}

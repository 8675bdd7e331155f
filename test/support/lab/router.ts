import type { NetNs } from './netns.ts';

/**
 * A node's network: a namespace that forwards between subnets, each a bridge with any number of namespaces on it.
 *
 * Subnet n is 198.18.n.0/24 (RFC 2544, never on the internet) and fd00:198:18:n::/64; the router is host 1 of each, the
 * attached namespaces are 2, 3, …
 */
export class Router {
  readonly netns: NetNs;
  readonly #hosts = new Map<number, number>();

  private constructor(netns: NetNs) {
    this.netns = netns;
  }

  static async create(netns: NetNs): Promise<Router> {
    await netns.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
    return new Router(netns);
  }

  /** The router's own addresses in a subnet: what masqueraded connections come from. */
  gateway(subnet: number): { ipv4: string; ipv6: string } {
    return addresses(subnet, 1);
  }

  /** Gives the namespace an eth0 in the subnet, with default routes through this router. */
  async attach(netns: NetNs, subnet: number): Promise<void> {
    const bridge = `br${subnet}`;
    const gateway = this.gateway(subnet);
    const last = this.#hosts.get(subnet);
    const host = (last ?? 1) + 1;
    if (subnet < 0 || subnet > 255 || host > 254) throw new Error(`no address left in subnet ${subnet}`);
    this.#hosts.set(subnet, host);
    const port = `v${subnet}x${host}`;
    const makeBridge = [
      `link add ${bridge} type bridge forward_delay 0 mcast_snooping 0`,
      `addr add ${gateway.ipv4}/24 dev ${bridge}`,
      `addr add ${gateway.ipv6}/64 dev ${bridge} nodad`,
      `link set ${bridge} up`,
    ];
    await this.netns.ip(
      ...(last === undefined ? makeBridge : []),
      `link add ${port} type veth peer name eth0 netns ${netns.pid}`,
      `link set ${port} master ${bridge} up`,
    );
    const own = addresses(subnet, host);
    await netns.ip(
      `link set eth0 address ${own.mac} up`,
      `addr add ${own.ipv4}/24 dev eth0`,
      `addr add ${own.ipv6}/64 dev eth0 nodad`,
      `route add 0.0.0.0/0 via ${gateway.ipv4}`,
      `route add ::/0 via ${gateway.ipv6}`,
    );
    netns.attachment = own;
  }
}

function addresses(subnet: number, host: number): { ipv4: string; ipv6: string; mac: string } {
  const hex = [subnet, host].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  return { ipv4: `198.18.${subnet}.${host}`, ipv6: `fd00:198:18:${subnet}::${host}`, mac: `02:00:c6:12:${hex}` };
}

import { isIPv6 } from 'node:net';
import type { NetNs } from './netns.ts';

/** Where a filter rule stands: at the router on the way through, at the receiver, or at the sender. */
export type Hook = 'forward' | 'input' | 'output';

/** An address and port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A rule that is in force until it is removed or its namespace ends. */
export interface Rule {
  /** How many packets the rule has met. */
  packets(): Promise<number>;
  remove(): Promise<void>;
}

/**
 * TCP segments that carry data: longer than an IPv6 header with the longest TCP header, so never a bare acknowledgement
 * with SACK blocks (nft cannot subtract header lengths). Data of less than about 20 bytes may slip through.
 */
const WITH_DATA = 'meta l4proto tcp meta length > 120';

/** Loses every nth TCP segment that carries data. */
export function dropEvery(netns: NetNs, hook: Hook, n: number): Promise<Rule> {
  return addFilter(netns, hook, `${WITH_DATA} numgen inc mod ${n} == 0`, 'drop');
}

/** Loses everything that matches, without a word: `'tcp dport 80'`. */
export function blackHole(netns: NetNs, hook: Hook, match: string): Promise<Rule> {
  return addFilter(netns, hook, match, 'drop');
}

/** Answers what matches with ICMP host unreachable. */
export function unreachable(netns: NetNs, hook: Hook, match: string): Promise<Rule> {
  return addFilter(netns, hook, match, 'reject with icmpx type host-unreachable');
}

function addFilter(netns: NetNs, hook: Hook, match: string, verdict: string): Promise<Rule> {
  return addRule(netns, `type filter hook ${hook} priority filter`, `${match} counter ${verdict}`);
}

/** Connections to the service go to the backend, as kube-proxy does for a ClusterIP. */
export function dnat(netns: NetNs, service: Endpoint, backend: Endpoint): Promise<Rule> {
  const [family, to] = isIPv6(backend.address) ? ['ip6', `[${backend.address}]`] : ['ip', backend.address];
  const match = `${family} daddr ${service.address} tcp dport ${service.port}`;
  const verdict = `dnat ${family} to ${to}:${backend.port}`;
  return addRule(netns, 'type nat hook prerouting priority dstnat', `${match} counter ${verdict}`);
}

/** New connections that match leave with the router's own address: `'ip daddr 198.18.2.0/24'`. */
export function masquerade(netns: NetNs, match: string): Promise<Rule> {
  return addRule(netns, 'type nat hook postrouting priority srcnat', `${match} counter masquerade`);
}

let made = 0;

async function addRule(netns: NetNs, chain: string, rule: string): Promise<Rule> {
  made += 1;
  const table = `inet lab_${made}`;
  await netns.nft(`table ${table} {\n chain lab {\n ${chain}; policy accept;\n ${rule}\n }\n}\n`);
  return {
    async packets() {
      const { stdout } = await netns.run(['nft', 'list', 'table', ...table.split(' ')]);
      return Number(/counter packets (\d+)/.exec(stdout)?.[1]);
    },
    remove: () => netns.nft(`delete table ${table}\n`),
  };
}

import type { Peer } from './peer.ts';
import type { PeerSocket } from './peer-socket.ts';
import type { Pod } from './pod.ts';
import type { Endpoint } from './rules.ts';

export interface End {
  readonly pod: Pod;
  readonly peer: Peer;
  readonly port: number;
}

/**
 * Opens one connection from both ends at once; the pods must be in one subnet.
 *
 * Each SYN must leave before the other one arrives. So that this is no race, both SYNs are held where a packet waits for
 * its neighbour's link-layer address: ARP goes unanswered until both are there, and then the addresses are filled in.
 */
export async function simultaneousOpen(one: End, two: End): Promise<[PeerSocket, PeerSocket]> {
  const ends: readonly [End, End] = [one, two];
  for (const { pod } of ends) {
    await pod.netns.sysctl({ 'net.ipv4.conf.all.arp_ignore': 8 });
    await pod.netns.ip('neigh flush dev eth0');
  }
  const [first, second] = [await startFrom(one, two), await startFrom(two, one)];
  await answer(one, two);
  await answer(two, one);
  for (const { pod } of ends) await pod.netns.sysctl({ 'net.ipv4.conf.all.arp_ignore': 0 });
  return [await first.connected(), await second.connected()];
}

function startFrom(from: End, to: End): Promise<PeerSocket> {
  return from.peer.startConnect(endpoint(to), { source: endpoint(from) });
}

function answer(asker: End, asked: End): Promise<void> {
  const { ipv4, mac } = asked.pod.netns.attachment;
  return asker.pod.netns.ip(`neigh replace ${ipv4} lladdr ${mac} dev eth0 nud reachable`);
}

function endpoint({ pod, port }: End): Endpoint {
  return { address: pod.ipv4, port };
}

import type { NetNs } from './netns.ts';
import type { Pod } from './pod.ts';
import type { Router } from './router.ts';

/** Two pods on the subnets 1 and 2 of one router, as `routedPair` makes them. */
interface Ends {
  readonly router: Router;
  readonly client: Pod;
  readonly server: Pod;
}

/**
 * Runs `action` and resolves with its result. Everything that the two pods send each other meanwhile waits at the router, and then
 * arrives: first what went to the server, then what went to the client. So packets cross on their way without a race.
 *
 * A packet waits where it lacks its neighbour's link-layer address: ARP goes unanswered until the addresses are filled in.
 */
export async function heldAtRouter<T>({ router, client, server }: Ends, action: () => Promise<T>): Promise<T> {
  const ends = [server, client];
  for (const { netns } of ends) await netns.sysctl({ 'net.ipv4.conf.all.arp_ignore': 8 });
  await router.netns.ip('neigh flush nud all dev br1', 'neigh flush nud all dev br2');
  const result = await action();
  await answer(router.netns, server.netns, 'br2');
  await answer(router.netns, client.netns, 'br1');
  for (const { netns } of ends) await netns.sysctl({ 'net.ipv4.conf.all.arp_ignore': 0 });
  return result;
}

async function answer(router: NetNs, { attachment }: NetNs, device: string): Promise<void> {
  await router.ip(`neigh replace ${attachment.ipv4} lladdr ${attachment.mac} dev ${device} nud reachable`);
}

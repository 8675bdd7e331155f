import type { Lab } from './lab.ts';
import type { Pod } from './pod.ts';
import type { Router } from './router.ts';

/** Two pods on different subnets of one router. */
export interface RoutedPair {
  readonly router: Router;
  /** On subnet 1. */
  readonly client: Pod;
  /** On subnet 2. */
  readonly server: Pod;
}

export async function routedPair(lab: Lab): Promise<RoutedPair> {
  const [router, client, server] = await Promise.all([lab.router(), lab.pod('client'), lab.pod('server')]);
  await router.attach(client.netns, 1);
  await router.attach(server.netns, 2);
  return { router, client, server };
}

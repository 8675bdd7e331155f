import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { untilReady } from '../../test/support/lab/command.ts';
import { Lab } from '../../test/support/lab/lab.ts';
import type { Pod } from '../../test/support/lab/pod.ts';
import type { Router } from '../../test/support/lab/router.ts';
import { dnat, masquerade } from '../../test/support/lab/rules.ts';
import { inventoryOf, podName } from './inventory.ts';
import { SERVICES, WORKLOADS, type Workload, type WorkloadName } from './workloads.ts';

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));

/** The demo's network with its HTTP servers running; disposing of it leaves nothing behind. */
export interface Topology extends AsyncDisposable {
  readonly lab: Lab;
  readonly pods: Readonly<Record<WorkloadName, Pod>>;
  /** The file for `weir capture --inventory`; it goes away with the topology. */
  readonly inventoryFile: string;
}

/**
 * Builds the demo's network as kube-proxy and a CNI would: pods behind a router that turns a service's address into its
 * backend's (DNAT) and puts its own in place of the client's (masquerade), so that neither end sees the other's address.
 */
export async function startTopology(): Promise<Topology> {
  const lab = await Lab.create('demo');
  try {
    const router = await lab.router();
    const pods = {
      checkoutOne: await startPod(lab, router, WORKLOADS.checkoutOne),
      checkoutTwo: await startPod(lab, router, WORKLOADS.checkoutTwo),
      payments: await startPod(lab, router, WORKLOADS.payments),
      reporting: await startPod(lab, router, WORKLOADS.reporting),
      archive: await startPod(lab, router, WORKLOADS.archive),
    };
    for (const service of Object.values(SERVICES)) {
      const backend = { address: pods[service.backend].ipv4, port: service.backendPort };
      await dnat(router.netns, service, backend);
      const server = pods[service.backend].spawn([process.execPath, SERVER, String(service.backendPort)]);
      await untilReady(server, `the server of ${service.address}`);
      await masquerade(router.netns, `ip daddr ${backend.address} ct status dnat`);
    }
    const inventoryFile = join(lab.temporary, 'inventory.yaml');
    writeFileSync(inventoryFile, inventoryOf(pods));
    return { lab, pods, inventoryFile, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

async function startPod(lab: Lab, router: Router, workload: Workload): Promise<Pod> {
  const pod = await lab.pod(podName(workload));
  await router.attach(pod.netns, workload.subnet);
  return pod;
}

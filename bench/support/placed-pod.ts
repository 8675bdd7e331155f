import type { Lab } from '../../test/support/lab/lab.ts';
import type { NetNs } from '../../test/support/lab/netns.ts';
import type { Pod } from '../../test/support/lab/pod.ts';
import type { World } from '../../test/support/operator/world.ts';

/** Where a kubelet would put the processes of a pod of the API. @param key its namespace and name, with a slash between. */
export async function placedPod(world: World, lab: Lab, netns: NetNs, key: string): Promise<Pod> {
  const [namespace = '', name = ''] = key.split('/');
  const { metadata } = await world.api.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
  const cgroup = `kubepods/burstable/pod${metadata.uid}/${'c'.repeat(64)}`;
  return lab.pod(name, { cgroup, netns });
}

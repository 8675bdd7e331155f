import { Api, type KubeObject } from '../cluster/api.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { helmFor, succeed } from '../cluster/helm.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { readyPods } from './installed-pods.ts';
import { removeRecords } from './records.ts';
import { OPERATOR_NAMESPACE } from './world.ts';

/**
 * How tests come into a cluster and leave it. One of their own goes as a whole; in one that stays, what they make is marked, so
 * that the next run finds what a killed one has left, and nothing else is touched.
 */

const MARK = 'test.weir.dev/made';
const KINDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GONE_MILLIS = 120_000;

type Kind = KubeObject & { readonly spec: { readonly group: string } };

/** Makes room for Weir. Rejects where somebody else has it: there, tests would remove what is not theirs. */
export async function enter(cluster: Cluster): Promise<void> {
  if (cluster.nodes === undefined) {
    await clear(cluster);
    const kinds = await weirKinds(cluster);
    if (kinds.length > 0) {
      throw new Error(`the cluster has ${kinds.join(', ')}: tests need one in which nobody has installed Weir`);
    }
  }
  await makeNamespace(cluster, OPERATOR_NAMESPACE);
}

/** Makes a namespace that goes when the tests go. Rejects when there is one of that name. */
export async function makeNamespace(
  cluster: Cluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const metadata = { name, labels: { ...labels, [MARK]: 'yes' } };
  await new Api(cluster.kubeconfig).create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
}

/** The end of a cluster that tests have entered, or tried to; undefined: it did not start. */
export async function leave(cluster: Cluster | undefined): Promise<void> {
  if (cluster === undefined) return;
  try {
    if (cluster.nodes === undefined) await clear(cluster);
  } finally {
    await cluster.stop();
  }
}

/** The namespace of the release is the last to go: as long as it is there, what is left is known to be of tests. */
async function clear(cluster: Cluster): Promise<void> {
  const made = (await kubectl(cluster, ['get', 'namespaces', '-l', MARK, '-o', 'name'])).split('\n').filter(Boolean);
  const home = `namespace/${OPERATOR_NAMESPACE}`;
  if (made.includes(home)) await removeWeir(cluster);
  for (const namespaces of [made.filter((name) => name !== home), made.filter((name) => name === home)]) {
    if (namespaces.length > 0) await remove(cluster, namespaces);
  }
}

async function removeWeir(cluster: Cluster): Promise<void> {
  const api = new Api(cluster.kubeconfig);
  await removeRecords(cluster);
  // A Weir that never ran has nothing to let go of, and its image cannot be asked to.
  const hooks = (await readyPods(api, 'operator')).length > 0 ? [] : ['--no-hooks'];
  const helm = await helmFor(cluster);
  const options = ['--namespace', OPERATOR_NAMESPACE, '--ignore-not-found', '--timeout', '50s', ...hooks];
  await succeed(helm('uninstall', 'weir', ...options));
  const kinds = await weirKinds(cluster);
  if (kinds.length > 0)
    await remove(
      cluster,
      kinds.map((name) => `crd/${name}`),
    );
}

async function weirKinds(cluster: Cluster): Promise<readonly string[]> {
  const all = await new Api(cluster.kubeconfig).list<Kind>(KINDS);
  return all.filter(({ spec }) => spec.group === 'weir.dev').map(({ metadata }) => metadata.name);
}

/** Resolves when they are gone, with all that is in them. */
async function remove(cluster: Cluster, objects: readonly string[]): Promise<void> {
  await kubectl(cluster, ['delete', ...objects], { timeoutMillis: GONE_MILLIS });
}

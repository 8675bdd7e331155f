import type { World } from '../../../test/support/operator/world.ts';
import { tellBlock } from '../tell.ts';

const PODS =
  'custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName,STATUS:.status.phase';
const READY_MESSAGE = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}';
const LEDGER = 'jsonpath={.status.flows}';

/** What kubectl shows of the cluster, after what was typed. */
export async function showCluster(world: World): Promise<void> {
  await show(world, 'get', 'nodes');
  await show(world, 'get', 'pods', '-A', '-o', PODS);
}

/** What kubectl shows of the captures: their rows, what is wrong with the mistyped one, and the counts. */
export async function showCaptures(world: World): Promise<void> {
  await show(world, 'get', 'fc', '-A');
  await show(world, 'get', 'fc', '-n', 'shop', 'typo', '-o', READY_MESSAGE);
  await show(world, 'get', 'fc', '-n', 'shop', 'checkout', '-o', LEDGER);
}

async function show(world: World, ...args: readonly string[]): Promise<void> {
  const said = await world.kubectl(...args);
  const typed = args.map((word) => (/[^\w./=:,-]/.test(word) ? `'${word}'` : word)).join(' ');
  tellBlock(`$ kubectl ${typed}\n${said}`);
}

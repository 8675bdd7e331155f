import { readFileSync } from 'node:fs';
import type { Cluster } from '../../../test/support/cluster/cluster.ts';
import { Installation } from '../../../test/support/operator/installation.ts';
import type { Check } from '../checks.ts';
import { tell, tellBlock } from '../tell.ts';
import { accountOf, applyCaptures, printedRecords, SAMPLE, TYPO } from './captures.ts';
import { checkEvidence, pairsOf } from './evidence.ts';
import { CONNECTIONS, openShop, visit, visitUnselected } from './shop.ts';
import { showCaptures, showCluster } from './shown.ts';
import { pairsTable } from './tables.ts';

/** Each connection is seen from both ends. */
const FLOWS = 2 * CONNECTIONS;
const SHOWN_PAIRS = 5;

/** Brings Weir onto a cluster with nodes and shows it at work. Resolves with what was promised and whether it holds. */
export async function tellStory(cluster: Cluster): Promise<readonly Check[]> {
  tell('helm install weir charts/weir --namespace weir-system, with the image on both nodes (some 15 s)');
  const { world } = await Installation.install(cluster);
  tell('a client, a server on each node behind the Service payments, and two pods that nobody selects (some 4 s)');
  const shop = await openShop(cluster, world);
  await showCluster(world);

  tell(`kubectl apply -f ${SAMPLE}, and a capture with a typing error (some 3 s):`);
  tellBlock(yamlOf());
  await applyCaptures(cluster, world);
  const connections = await visit(world, shop);
  tell(`checkout made ${connections.length} connections to ${shop.service.address}:${shop.service.port}, the Service`);
  tell(`reporting, which is not selected, made ${await visitUnselected(world, shop)}`);
  tell('waiting for the counts, which agents report every 10 s');
  const checkout = await accountOf(world, 'checkout', FLOWS);
  const typo = await accountOf(world, 'typo', 0);
  const records = await printedRecords(world, FLOWS);

  await showCaptures(world);
  const pairs = pairsOf(records);
  tell(`the records, from the agents' logs, the first ${SHOWN_PAIRS} connections of ${pairs.length}:`);
  tellBlock(pairsTable(pairs.slice(0, SHOWN_PAIRS)));
  return checkEvidence({ shop, connections, records, checkout, typo });
}

function yamlOf(): string {
  return `${readFileSync(SAMPLE, 'utf8').trim()}\n---\n${TYPO}`;
}

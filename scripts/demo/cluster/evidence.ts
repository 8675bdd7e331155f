import type { FlowCapture } from '../../../src/api/types.generated.ts';
import type { Check, FlowJson } from '../checks.ts';
import { type Connection, REQUEST_BYTES, SERVERS, type ServerName, type Shop, whoAnswered } from './shop.ts';

/** What the demo has seen, from three sides: the programs that talked, the records, and the objects' status. */
export interface Evidence {
  readonly shop: Shop;
  /** What the client's program said of its connections. */
  readonly connections: readonly Connection[];
  readonly records: readonly FlowJson[];
  readonly checkout: NonNullable<FlowCapture['status']>;
  readonly typo: NonNullable<FlowCapture['status']>;
}

/** Both ends' records of one connection. */
export interface Pair {
  readonly source: FlowJson;
  readonly destination: FlowJson;
}

/** The records that have a counterpart, by `flow.id`, in the order in which they began. */
export function pairsOf(records: readonly FlowJson[]): readonly Pair[] {
  const destinations = new Map(halves(records, 'destination').map((record) => [record['flow.id'], record]));
  const began = ({ source }: Pair) => String(source['start']);
  return halves(records, 'source')
    .flatMap((source) => {
      const destination = destinations.get(source['flow.id']);
      return destination === undefined ? [] : [{ source, destination }];
    })
    .toSorted((one, other) => began(one).localeCompare(began(other)));
}

/** What the demo promises, each held against what was seen. */
export function checkEvidence(evidence: Evidence): Check[] {
  const { shop, connections, records } = evidence;
  const pairs = pairsOf(records);
  return [
    {
      claim: `${connections.length} connections gave ${2 * connections.length} records, one from each end, joined by flow.id`,
      holds:
        records.length === 2 * connections.length &&
        halves(records, 'source').length === connections.length &&
        new Set(pairs.map(({ source }) => source['flow.id'])).size === connections.length,
    },
    {
      claim: 'they are the connections that the client tells of, with its ports and bytes, answered by whom it says',
      holds: connections.every((connection) => isTold(connection, pairs, shop)),
    },
    {
      claim: `every client dialled the Service ${shop.service.address}:${shop.service.port}; servers on both nodes answered`,
      holds:
        pairs.every(
          ({ source }) =>
            source['destination.address'] === shop.service.address && source['destination.port'] === shop.service.port,
        ) && new Set(pairs.map(({ destination }) => destination['node'])).size === Object.keys(SERVERS).length,
    },
    {
      claim: 'each end names its own pod exactly, and nothing that it says of the other is wrong',
      holds: pairs.every((pair) => isNamedExactly(pair) && agrees(pair)),
    },
    { claim: 'the pods of namespace back-office, which talked too, appear nowhere', holds: !appears(shop, records) },
    ...checkStatus(evidence),
  ];
}

function checkStatus({ connections, checkout, typo }: Evidence): Check[] {
  const flows = 2 * connections.length;
  const ready = typo.conditions?.find(({ type }) => type === 'Ready');
  return [
    {
      claim: `the ledger: ${flows} observed = ${flows} exported + 0 filtered + 0 sampled out + 0 lost`,
      holds:
        checkout.flows?.observed === flows &&
        checkout.flows.exported === flows &&
        checkout.flows.filtered === 0 &&
        checkout.flows.sampledOut === 0 &&
        checkout.flows.lost === 0,
    },
    {
      claim: 'the capture with the typing error has observed nothing, and says which value was probably meant',
      holds:
        typo.flows?.observed === 0 &&
        ready?.reason === 'NoPodsMatched' &&
        ready.message.includes('app=chekcout') &&
        ready.message.includes('app=checkout'),
    },
  ];
}

/** What a client's program knows by itself: its port, its bytes, and by the size of the answer who gave it. */
function isTold(connection: Connection, pairs: readonly Pair[], { client, servers }: Shop): boolean {
  const found = pairs.filter(({ source }) => source['source.port'] === connection.port);
  const server = whoAnswered(connection);
  if (found.length !== 1 || server === undefined || connection.sentBytes !== REQUEST_BYTES) return false;
  return found.every(
    ({ source, destination }) =>
      source['source.k8s.pod.name'] === client &&
      destination['destination.k8s.pod.name'] === servers[server] &&
      destination['node'] === SERVERS[server].node &&
      [source, destination].every(
        (record) =>
          record['source.bytes'] === connection.sentBytes && record['destination.bytes'] === connection.receivedBytes,
      ),
  );
}

function isNamedExactly({ source, destination }: Pair): boolean {
  const owners: readonly ServerName[] = ['payments-a', 'payments-b'];
  return (
    source['source.attribution'] === 'Exact' &&
    source['source.k8s.owner.name'] === 'checkout' &&
    destination['destination.attribution'] === 'Exact' &&
    owners.some((owner) => destination['destination.k8s.owner.name'] === owner)
  );
}

/** An end may say nothing of the other, but nothing that the other does not say of itself. */
function agrees({ source, destination }: Pair): boolean {
  return (
    namesOf(source, 'destination').every((name) => source[name] === destination[name]) &&
    namesOf(destination, 'source').every((name) => destination[name] === source[name])
  );
}

/** The fields by which a record says who one of its sides is. */
function namesOf(record: FlowJson, side: 'source' | 'destination'): string[] {
  return Object.keys(record).filter((field) => field.startsWith(`${side}.k8s.`));
}

function appears({ unselected: { client, server } }: Shop, records: readonly FlowJson[]): boolean {
  const values = new Set(records.flatMap((record) => Object.values(record)));
  return ['back-office', client, server.address].some((value) => values.has(value));
}

function halves(records: readonly FlowJson[], observer: 'source' | 'destination'): FlowJson[] {
  return records.filter((record) => record['observer'] === observer);
}

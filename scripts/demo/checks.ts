import type { Topology } from './topology.ts';
import { REQUESTS, SERVICES, WORKLOADS } from './workloads.ts';

/** One line of the recording: names of the record's catalogue to values. */
export type FlowJson = Readonly<Partial<Record<string, string | number | readonly string[]>>>;

export interface Check {
  readonly claim: string;
  readonly holds: boolean;
}

/** What the demo promises, each held against the records. */
export function checkRecords(flows: readonly FlowJson[], { pods }: Topology): Check[] {
  const expected = REQUESTS.filter(({ service }) => service === 'payments').reduce((sum, { count }) => sum + count, 0);
  const sources = flows.filter((flow) => flow['observer'] === 'source');
  const destinations = flows.filter((flow) => flow['observer'] === 'destination');
  const pairs = sources.map((source) => ({
    source,
    destination: destinations.find((flow) => flow['flow.id'] === source['flow.id']),
  }));
  const { address, port } = SERVICES.payments;
  return [
    {
      claim: `${expected} connections gave ${2 * expected} records, one from each end`,
      holds: sources.length === expected && destinations.length === expected,
    },
    {
      claim: `every client dialled the service ${address}:${port}, every server saw the router instead of a client`,
      holds: pairs.every(
        ({ source, destination }) =>
          source['destination.address'] === address &&
          destination?.['destination.address'] === pods.payments.ipv4 &&
          destination['source.address'] !== source['source.address'],
      ),
    },
    {
      claim: 'both ends are named exactly in every record: Deployment checkout to Deployment payments',
      holds: flows.every(
        (flow) =>
          flow['source.k8s.owner.name'] === WORKLOADS.checkoutOne.app &&
          flow['destination.k8s.owner.name'] === WORKLOADS.payments.app &&
          flow['source.attribution'] === 'Exact' &&
          flow['destination.attribution'] === 'Exact',
      ),
    },
    {
      claim: 'the unselected pods of namespace back-office appear nowhere',
      holds:
        !JSON.stringify(flows).includes(WORKLOADS.reporting.namespace) &&
        !JSON.stringify(flows).includes(pods.reporting.ipv4),
    },
  ];
}

/** One connection as its two ends saw it: the addresses differ, the id and the names do not. */
export function throughNat(flows: readonly FlowJson[]): string {
  const source = flows.find((flow) => flow['observer'] === 'source');
  const destination = flows.find((flow) => flow !== source && flow['flow.id'] === source?.['flow.id']);
  if (source === undefined || destination === undefined) return 'no connection was seen from both ends';
  return [
    `one connection through the router, flow.id ${text(source, 'flow.id')}:`,
    `the client saw  ${addresses(source)}   ${names(source)}`,
    `the server saw  ${addresses(destination)}   ${names(destination)}`,
  ].join('\n');
}

function addresses(flow: FlowJson): string {
  const end = (side: string) => `${text(flow, `${side}.address`)}:${text(flow, `${side}.port`)}`;
  return `${end('source').padEnd(19)} → ${end('destination').padEnd(17)}`;
}

function names(flow: FlowJson): string {
  return `${text(flow, 'source.k8s.pod.name')} → ${text(flow, 'destination.k8s.pod.name')}`;
}

function text(flow: FlowJson, field: string): string {
  return String(flow[field] ?? '-');
}

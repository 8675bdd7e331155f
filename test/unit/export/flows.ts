import type { Flow, Identity, Side, Tcp } from '../../../src/record/flow.ts';

export const nobody: Identity = {
  kind: 'External',
  namespace: undefined,
  podName: undefined,
  podUid: undefined,
  ownerType: undefined,
  ownerName: undefined,
  serviceName: undefined,
  nodeName: undefined,
};

export const checkout: Identity = {
  kind: 'Pod',
  namespace: 'shop',
  podName: 'checkout-6c9f7d5b8-x2x7k',
  podUid: '3f0c9c58-8a55-4c0e-9b0e-2f6a6a1f9f10',
  ownerType: 'Deployment',
  ownerName: 'checkout',
  serviceName: undefined,
  nodeName: 'node-a',
};

export function side(parts: Partial<Side> = {}): Side {
  return {
    address: '198.18.0.1',
    port: 43210,
    addressType: 'private',
    bytes: 0,
    packets: 0,
    identity: nobody,
    attribution: 'Unknown',
    attributionReason: undefined,
    proxy: undefined,
    ...parts,
  };
}

export function tcp(parts: Partial<Tcp> = {}): Tcp {
  return {
    rtt: 840,
    rttVariance: 120,
    rttMin: 610,
    retransmits: 0,
    handshakeDuration: 900,
    established: 1,
    closed: 1,
    closeReason: 'Finished',
    takenOver: undefined,
    ...parts,
  };
}

/** A finished TCP connection of shop/checkout to 198.18.99.9:80, 2026-11-21T20:00:00.000042Z, 1.5 s long. */
export function flow(parts: Partial<Flow> = {}): Flow {
  return {
    start: 1_795_291_200_000_042,
    end: 1_795_291_201_500_042,
    state: 'Closed',
    sequence: 0,
    id: '0123456789abcdef',
    idKey: 7,
    scope: 'Node',
    transport: 'tcp',
    type: 'ipv4',
    source: side({ identity: checkout, attribution: 'Exact', bytes: 517, packets: 2 }),
    destination: side({ address: '198.18.99.9', port: 80, bytes: 1_048_576, packets: 724 }),
    tcp: tcp(),
    process: { pid: 4242, executableName: 'curl' },
    containerId: undefined,
    capture: ['shop/checkout'],
    samplingOneIn: 1,
    cluster: undefined,
    observer: 'source',
    node: 'node-a',
    ...parts,
  };
}

import { expect, test } from 'vitest';
import { normalPeers, peerFaults } from '../../../src/plan/peers.ts';

test('peers have one form: their order stays, all else is sorted, and said once', () => {
  const written = [
    {
      action: 'Include',
      cidrs: ['fd00::1/8', '10.9.9.9/8', '10.0.0.0/8'],
      ports: ['8000-8999', '53', '53-53', '443'],
    },
    {
      action: 'Exclude',
      podSelector: { matchLabels: {}, matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x', 'y'] }] },
      namespaceSelector: {},
    },
  ] as const;
  const normal = [
    { action: 'Include', cidrs: ['10.0.0.0/8', 'fd00::/8'], ports: ['443', '53', '8000-8999'] },
    {
      action: 'Exclude',
      podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] },
      namespaceSelector: {},
    },
  ];
  expect(normalPeers(written)).toEqual(normal);
  expect(peerFaults(written)).toEqual([]);
});

test('a range that runs backwards and a network that is none are faults, each at its place', () => {
  const faults = peerFaults([
    { action: 'Include', ports: ['1-65535', '2-1'] },
    { action: 'Include', cidrs: ['10.0.0.0/8', '10.0.0.256/8'] },
  ]);
  expect(faults.map(({ path, reason }) => `${path.join('.')} ${reason}`)).toEqual([
    '0.ports.1 InvalidPeers',
    '1.cidrs.1 InvalidPeers',
  ]);
});

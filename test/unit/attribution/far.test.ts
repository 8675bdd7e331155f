import { describe, expect, it } from 'vitest';
import { attributeFar, scopeOf } from '../../../src/attribution/far.ts';
import { EXTERNAL, HOST, UNKNOWN } from '../../../src/attribution/identities.ts';
import type { KernelEnd } from '../../../src/attribution/kernel.ts';
import type { AddressAnswer } from '../../../src/attribution/owners.ts';
import type { SideAttribution } from '../../../src/attribution/side.ts';
import type { Identity } from '../../../src/record/flow.ts';
import {
  GONE,
  HOST_PROCESS,
  knownFrom,
  NETNS_HOST,
  NETNS_UNKNOWN,
  NODE_ADDRESS,
  netnsOf,
  OWN_ADDRESS,
  pod,
  processOf,
} from './world.ts';

const web = pod('web', ['10.1.0.1']);
const db = pod('db', ['10.1.0.2'], { nodeAddresses: ['192.0.2.2'] });
const router = pod('router', ['198.18.99.9']);
const [agent, proxy] = [
  pod('agent', [NODE_ADDRESS], { hostNetwork: true }),
  pod('proxy', [NODE_ADDRESS], { hostNetwork: true }),
];
const [twin, other] = [pod('twin', ['10.9.9.9']), pod('other', ['10.9.9.9'])];
const known = knownFrom([web, db, router, agent, proxy, twin, other]);
const NODE = expect.objectContaining({ kind: 'Node', nodeName: 'node-1', podName: undefined });
const LOCAL: KernelEnd = { cgroup: processOf(web), netns: netnsOf(web) };

function far(joined: KernelEnd | undefined, address: string, local: KernelEnd = LOCAL): SideAttribution {
  return attributeFar({ joined, address, startMicros: 0, local }, known);
}

function exact(named: Identity, reason?: string, by?: Identity): SideAttribution {
  return { identity: named, attribution: 'Exact', reason, proxy: by };
}

describe('the far side, joined in the kernel', () => {
  it.each<[string, KernelEnd, string, SideAttribution]>([
    ['the pod itself', { cgroup: processOf(db), netns: netnsOf(db) }, '10.1.0.2', exact(db.identity)],
    [
      "the pod behind a translated address, even another pod's",
      { cgroup: processOf(db), netns: NETNS_UNKNOWN },
      '198.18.99.9',
      exact(db.identity),
    ],
    [
      "another's process in the pod's network namespace",
      { cgroup: processOf(agent), netns: netnsOf(db) },
      '10.1.0.2',
      exact(db.identity, 'foreignProcess', agent.identity),
    ],
    ['a process of no pod', { cgroup: HOST_PROCESS, netns: NETNS_HOST }, '198.18.99.9', exact(HOST)],
    ['a hostNetwork pod', { cgroup: processOf(agent), netns: NETNS_HOST }, NODE_ADDRESS, exact(agent.identity)],
    [
      "a process that is gone, in a pod's network namespace",
      { cgroup: GONE, netns: netnsOf(db) },
      '10.1.0.2',
      exact(db.identity, 'cgroupGone'),
    ],
  ])('is %s', (_, joined, address, expected) => {
    expect(far(joined, address)).toEqual(expected);
  });

  it('is asked by address when the other half is not known any more', () => {
    expect(far({ cgroup: GONE, netns: NETNS_UNKNOWN }, '10.1.0.2')).toEqual(far(undefined, '10.1.0.2'));
  });
});

describe('the far side, by address', () => {
  it.each<[string, string, SideAttribution]>([
    ['the one pod that lists it', '10.1.0.2', { ...exact(db.identity, 'inventory'), attribution: 'Timeline' }],
    [
      'nobody of two that list it',
      '10.9.9.9',
      { ...exact(UNKNOWN, 'pod shop/twin or pod shop/other'), attribution: 'Ambiguous' },
    ],
    [
      'the node, never one of its hostNetwork pods',
      NODE_ADDRESS,
      { ...exact(UNKNOWN, 'inventory'), identity: NODE, attribution: 'Timeline' },
    ],
    [
      "the node by a pod's hostIP",
      '192.0.2.2',
      { ...exact(UNKNOWN, 'inventory'), identity: NODE, attribution: 'Timeline' },
    ],
    ['this machine', OWN_ADDRESS, { ...exact(HOST, 'ownAddress'), attribution: 'Timeline' }],
    ['external', '203.0.113.7', { ...exact(EXTERNAL, 'notInInventory'), attribution: 'Unknown' }],
    [
      'external, however private the address is',
      '10.200.0.1',
      { ...exact(EXTERNAL, 'notInInventory'), attribution: 'Unknown' },
    ],
  ])('is %s', (_, address, expected) => {
    expect(far(undefined, address)).toEqual(expected);
  });

  it.each<[string, AddressAnswer, SideAttribution]>([
    [
      'a listed pod too',
      { is: 'owned', identity: db.identity, reason: 'x' },
      { ...exact(UNKNOWN, 'this machine or pod shop/db'), attribution: 'Ambiguous' },
    ],
    [
      'two others',
      { is: 'ambiguous', candidates: [db.identity, web.identity] },
      { ...exact(UNKNOWN, 'this machine or pod shop/db or pod shop/web'), attribution: 'Ambiguous' },
    ],
    [
      'nobody that can be known now',
      { is: 'unknown', reason: 'stale' },
      { ...exact(HOST, 'ownAddress'), attribution: 'Timeline' },
    ],
  ])('names this machine only where its own address is not claimed: %s', (_, answer, expected) => {
    const claimed = { owners: { ownerAt: () => answer }, isOwnAddress: () => true };
    expect(attributeFar({ joined: undefined, address: '10.0.0.1', startMicros: 0, local: LOCAL }, claimed)).toEqual(
      expected,
    );
  });

  it('asks for the instant when the flow started, and passes on why there is no answer', () => {
    const asked: [string, number][] = [];
    const ownerAt = (address: string, startMicros: number): AddressAnswer => {
      asked.push([address, startMicros]);
      return { is: 'unknown', reason: 'stale' };
    };
    const timeline = { owners: { ownerAt }, isOwnAddress: () => false };
    const side = attributeFar(
      { joined: undefined, address: '10.0.0.1', startMicros: 1_700_000_000_000_001, local: LOCAL },
      timeline,
    );
    expect(side).toEqual({ identity: UNKNOWN, attribution: 'Unknown', reason: 'stale', proxy: undefined });
    expect(asked).toEqual([['10.0.0.1', 1_700_000_000_000_001]]);
  });

  it('names no more than four candidates in a reason', () => {
    const owners = Array.from({ length: 6 }, (_, index) => pod(`p${index}`, ['10.3.3.3']));
    const { reason } = attributeFar(
      { joined: undefined, address: '10.3.3.3', startMicros: 0, local: LOCAL },
      knownFrom(owners),
    );
    expect(reason).toBe('pod shop/p0 or pod shop/p1 or pod shop/p2 or pod shop/p3 or 2 more');
  });
});

describe('the far side on a loopback address', () => {
  it.each<[string, KernelEnd, SideAttribution]>([
    ['the pod whose network namespace it is', LOCAL, exact(web.identity, 'loopback')],
    [
      "the pod, when the host's process dials there",
      { cgroup: HOST_PROCESS, netns: netnsOf(web) },
      exact(web.identity, 'loopback'),
    ],
    ['this machine for its own process', { cgroup: HOST_PROCESS, netns: NETNS_UNKNOWN }, exact(HOST, 'loopback')],
    [
      'this machine for a hostNetwork pod, and not that pod',
      { cgroup: processOf(agent), netns: NETNS_UNKNOWN },
      exact(HOST, 'loopback'),
    ],
    ["this machine in the host's network namespace", { cgroup: GONE, netns: NETNS_HOST }, exact(HOST, 'loopback')],
    [
      'nobody, where the network namespace is not known',
      { cgroup: processOf(web), netns: NETNS_UNKNOWN },
      { ...exact(UNKNOWN, 'loopback'), attribution: 'Unknown' },
    ],
    [
      'nobody, where nothing is known',
      { cgroup: GONE, netns: NETNS_UNKNOWN },
      { ...exact(UNKNOWN, 'loopback'), attribution: 'Unknown' },
    ],
  ])('is %s', (_, local, expected) => {
    expect(far(undefined, '127.0.0.1', local)).toEqual(expected);
    expect(far(undefined, '::1', local)).toEqual(expected);
  });
});

describe('scopeOf', () => {
  it.each([
    [7, 7, 'Local'],
    [7, 8, 'Node'],
    [7, undefined, undefined],
  ] as const)('of the namespaces %s and %s is %s', (own, distant, scope) => {
    expect(scopeOf(own, distant)).toBe(scope);
  });
});

import { describe, expect, it } from 'vitest';
import { NetnsOwners } from '../../../src/attribution/netns-owners.ts';
import type { AddressOwners, CgroupOwner } from '../../../src/attribution/owners.ts';
import { HOST_PROCESS, knownFrom, NETNS_HOST, NETNS_UNKNOWN, NODE_ADDRESS, netnsOf, pod, processOf } from './world.ts';

const web = pod('web', ['10.1.0.1']);
const db = pod('db', ['10.1.0.2']);
const bare = pod('bare', []);
const agent = pod('agent', [NODE_ADDRESS], { hostNetwork: true });
const [twin, other] = [pod('twin', ['10.9.9.9']), pod('other', ['10.9.9.9'])];
const local = pod('local', ['127.0.0.2']);
const { owners } = knownFrom([web, db, bare, agent, twin, other, local]);
const COOKIE = 4100;

function learned(...evidence: [cgroup: CgroupOwner, address: string][]): NetnsOwners {
  const netns = new NetnsOwners();
  for (const [cgroup, address] of evidence) netns.learn({ cgroup, address, netCookie: COOKIE, startMicros: 0 }, owners);
  return netns;
}

describe('NetnsOwners', () => {
  it("binds a network namespace to the pod whose process uses the pod's own address in it", () => {
    const netns = learned([processOf(web), '10.1.0.1'], [processOf(web), '10.1.0.1']);
    expect(netns.ownerOf(COOKIE)).toEqual(netnsOf(web));
    expect(netns.ownerOf(COOKIE + 1)).toEqual(NETNS_UNKNOWN);
    expect(netns.contradictions).toBe(0);
  });

  it("binds the host's by a hostNetwork pod on its node's address", () => {
    expect(learned([processOf(agent), NODE_ADDRESS]).ownerOf(COOKIE)).toEqual(NETNS_HOST);
  });

  it.each<[string, CgroupOwner, string]>([
    ['a loopback address', processOf(web), '127.0.0.1'],
    ['a loopback address that a pod lists as its own', processOf(local), '127.0.0.2'],
    ["another pod's address", processOf(web), '10.1.0.2'],
    ['an address that two pods list', processOf(twin), '10.9.9.9'],
    ['a pod without known addresses', processOf(bare), '10.1.0.1'],
    ["the host's process", HOST_PROCESS, '10.1.0.1'],
    ['a process that is not known', { is: 'unknown', reason: 'cgroupGone' }, '10.1.0.1'],
    ['a pod that is not listed', { is: 'unlistedPod', identity: web.identity, foreign: false }, '10.1.0.1'],
  ])('learns nothing from %s', (_, cgroup, address) => {
    expect(learned([cgroup, address]).ownerOf(COOKIE)).toEqual(NETNS_UNKNOWN);
  });

  it.each<[string, [CgroupOwner, string][]]>([
    [
      'two pods',
      [
        [processOf(web), '10.1.0.1'],
        [processOf(db), '10.1.0.2'],
      ],
    ],
    [
      'a pod and the host',
      [
        [processOf(web), '10.1.0.1'],
        [processOf(agent), NODE_ADDRESS],
      ],
    ],
    [
      'the host and a pod',
      [
        [processOf(agent), NODE_ADDRESS],
        [processOf(web), '10.1.0.1'],
      ],
    ],
  ])('names nobody from then on where %s contradict each other', (_, evidence) => {
    const netns = learned(...evidence, ...evidence);
    expect(netns.ownerOf(COOKIE)).toEqual(NETNS_UNKNOWN);
    expect(netns.contradictions).toBe(1);
  });

  it('does not ask again for what it knows', () => {
    let asked = 0;
    const counting: AddressOwners = {
      ownerAt: (address, startMicros) => {
        asked++;
        return owners.ownerAt(address, startMicros);
      },
    };
    const netns = new NetnsOwners();
    const evidence = { cgroup: processOf(web), address: '10.1.0.1', netCookie: COOKIE, startMicros: 0 };
    for (let index = 0; index < 5; index++) netns.learn(evidence, counting);
    expect(asked).toBe(1);
  });

  it('forgets the oldest beyond its capacity, and counts it', () => {
    const netns = new NetnsOwners(2);
    for (const netCookie of [1, 2, 3]) {
      netns.learn({ cgroup: processOf(web), address: '10.1.0.1', netCookie, startMicros: 0 }, owners);
    }
    expect([1, 2, 3].map((cookie) => netns.ownerOf(cookie).is)).toEqual(['unknown', 'pod', 'pod']);
    expect(netns.forgotten).toBe(1);
  });

  it('learns nothing more when it cannot remember more contradictions', () => {
    const netns = new NetnsOwners(1);
    const learn = (owner: typeof web, address: string, netCookie: number) =>
      netns.learn({ cgroup: processOf(owner), address, netCookie, startMicros: 0 }, owners);
    learn(web, '10.1.0.1', 1);
    learn(db, '10.1.0.2', 1);
    learn(db, '10.1.0.2', 2);
    expect(netns.ownerOf(2)).toEqual(NETNS_UNKNOWN);
    expect(netns.refused).toBe(1);
  });
});

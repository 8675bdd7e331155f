import { describe, expect, it } from 'vitest';
import { HOST, identity, UNKNOWN } from '../../../src/attribution/identities.ts';
import { attributeLocal } from '../../../src/attribution/local.ts';
import type { CgroupOwner, NetnsOwner } from '../../../src/attribution/owners.ts';
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

const web = pod('web', ['10.1.0.1', 'fd00::1']);
const db = pod('db', ['10.1.0.2'], { nodeAddresses: [NODE_ADDRESS] });
const bare = pod('bare', []);
const agent = pod('agent', [NODE_ADDRESS], { hostNetwork: true });
const [twin, other] = [pod('twin', ['10.9.9.9']), pod('other', ['10.9.9.9'])];
const squatter = pod('squatter', [OWN_ADDRESS]);
const known = knownFrom([web, db, bare, agent, twin, other]);
const NODE = expect.objectContaining({ kind: 'Node', nodeName: 'node-1', podName: undefined });
const unlisted = identity({ kind: 'Pod', podUid: 'uid-x' });
const UNLISTED: CgroupOwner = { is: 'unlistedPod', identity: unlisted, foreign: false };

type Case = [name: string, cgroup: CgroupOwner, netns: NetnsOwner, address: string, expected: SideAttribution];

function exact(named: Identity, reason?: string, proxy?: Identity): SideAttribution {
  return { identity: named, attribution: 'Exact', reason, proxy };
}

function foreign(named: Identity, proxy: Identity): SideAttribution {
  return { identity: named, attribution: 'Timeline', reason: 'foreignProcess', proxy };
}

function ambiguous(reason: string): SideAttribution {
  return { identity: UNKNOWN, attribution: 'Ambiguous', reason, proxy: undefined };
}

function unknown(reason: string, proxy?: Identity): SideAttribution {
  return { identity: UNKNOWN, attribution: 'Unknown', reason, proxy };
}

describe('the local side, while nothing is known of its network namespace', () => {
  it.each<Case>([
    ['a pod on its own address', processOf(web), NETNS_UNKNOWN, '10.1.0.1', exact(web.identity)],
    ['a pod on its own IPv6 address', processOf(web), NETNS_UNKNOWN, 'fd00::1', exact(web.identity)],
    ['a pod on a loopback address', processOf(web), NETNS_UNKNOWN, '127.0.0.1', exact(web.identity)],
    ['a pod whose addresses are not known', processOf(bare), NETNS_UNKNOWN, '10.1.0.77', exact(bare.identity)],
    ['a hostNetwork pod on the node', processOf(agent), NETNS_UNKNOWN, NODE_ADDRESS, exact(agent.identity)],
    [
      'a hostNetwork pod on another of its addresses',
      processOf(agent),
      NETNS_UNKNOWN,
      OWN_ADDRESS,
      exact(agent.identity),
    ],
    [
      'a pod on an address that two list, itself among them',
      processOf(twin),
      NETNS_UNKNOWN,
      '10.9.9.9',
      exact(twin.identity),
    ],
    [
      "a pod's process on another pod's address",
      processOf(web),
      NETNS_UNKNOWN,
      '10.1.0.2',
      foreign(db.identity, web.identity),
    ],
    [
      "a hostNetwork pod's process on a pod's address",
      processOf(agent),
      NETNS_UNKNOWN,
      '10.1.0.2',
      foreign(db.identity, agent.identity),
    ],
    ["the host's process on a pod's address", HOST_PROCESS, NETNS_UNKNOWN, '10.1.0.2', foreign(db.identity, HOST)],
    [
      "a pod's process on this machine's address",
      processOf(web),
      NETNS_UNKNOWN,
      OWN_ADDRESS,
      foreign(HOST, web.identity),
    ],
    [
      "a pod's process on its node's address",
      processOf(web),
      NETNS_UNKNOWN,
      NODE_ADDRESS,
      { ...foreign(HOST, web.identity), identity: NODE },
    ],
    [
      "a pod on an address that is nobody's",
      processOf(web),
      NETNS_UNKNOWN,
      '10.7.7.7',
      unknown('addressNotListed', web.identity),
    ],
    [
      'a pod whose addresses are not known, on a listed one',
      processOf(bare),
      NETNS_UNKNOWN,
      '10.1.0.2',
      ambiguous('pod shop/bare or pod shop/db'),
    ],
    [
      'a process on an address that two others list',
      processOf(web),
      NETNS_UNKNOWN,
      '10.9.9.9',
      ambiguous('pod shop/web or pod shop/twin or pod shop/other'),
    ],
    ['no pod at all', HOST_PROCESS, NETNS_UNKNOWN, OWN_ADDRESS, exact(HOST)],
    ["no pod at all, on an address that is nobody's", HOST_PROCESS, NETNS_UNKNOWN, '10.7.7.7', exact(HOST)],
    ['a pod that is not listed', UNLISTED, NETNS_UNKNOWN, '10.7.7.7', exact(unlisted, 'podNotInInventory')],
    [
      'a pod that is not listed, on the node',
      UNLISTED,
      NETNS_UNKNOWN,
      NODE_ADDRESS,
      exact(unlisted, 'podNotInInventory'),
    ],
    [
      "a pod that is not listed, on a pod's address",
      UNLISTED,
      NETNS_UNKNOWN,
      '10.1.0.2',
      ambiguous('pod uid uid-x or pod shop/db'),
    ],
    ['a process that is not known', GONE, NETNS_UNKNOWN, '10.1.0.1', unknown('cgroupGone')],
    ['a process that is not known, on a loopback address', GONE, NETNS_UNKNOWN, '127.0.0.1', unknown('cgroupGone')],
  ])('%s', (_, cgroup, netns, address, expected) => {
    expect(attributeLocal({ cgroup, netns, address, startMicros: 0 }, known)).toEqual(expected);
  });

  it("names nobody on an address that is this machine's and a listed pod's", () => {
    const contradicting = knownFrom([web, squatter]);
    const end = { cgroup: HOST_PROCESS, netns: NETNS_UNKNOWN, address: OWN_ADDRESS, startMicros: 0 };
    expect(attributeLocal(end, contradicting)).toEqual(ambiguous('this machine or pod shop/squatter'));
  });
});

describe('the local side, where the owner of its network namespace is known', () => {
  it.each<Case>([
    ["a pod's process at home", processOf(web), netnsOf(web), '10.1.0.1', exact(web.identity)],
    ['at home, on an address that is not listed', processOf(web), netnsOf(web), '10.7.7.7', exact(web.identity)],
    [
      "a pod's process in another pod's",
      processOf(web),
      netnsOf(db),
      '10.1.0.2',
      exact(db.identity, 'foreignProcess', web.identity),
    ],
    [
      "the host's process in a pod's: port-forward",
      HOST_PROCESS,
      netnsOf(db),
      '127.0.0.1',
      exact(db.identity, 'foreignProcess', HOST),
    ],
    [
      "a hostNetwork pod's process in a pod's",
      processOf(agent),
      netnsOf(db),
      '10.1.0.2',
      exact(db.identity, 'foreignProcess', agent.identity),
    ],
    [
      "an unlisted pod's process in a pod's",
      UNLISTED,
      netnsOf(db),
      '10.1.0.2',
      exact(db.identity, 'foreignProcess', unlisted),
    ],
    [
      "a transparent proxy, on a third pod's address",
      processOf(agent),
      netnsOf(db),
      '10.1.0.1',
      ambiguous('pod shop/db or pod shop/web'),
    ],
    ["a process that is not known in a pod's", GONE, netnsOf(db), '10.1.0.2', exact(db.identity, 'cgroupGone')],
    ["the host's process in the host's", HOST_PROCESS, NETNS_HOST, '10.1.0.2', exact(HOST)],
    ['a hostNetwork pod', processOf(agent), NETNS_HOST, '10.7.7.7', exact(agent.identity)],
    [
      "a pod's process that entered the host's",
      processOf(web),
      NETNS_HOST,
      '127.0.0.1',
      exact(HOST, 'foreignProcess', web.identity),
    ],
    ["a pod without known addresses in the host's", processOf(bare), NETNS_HOST, '127.0.0.1', exact(bare.identity)],
    ["an unlisted pod in the host's", UNLISTED, NETNS_HOST, NODE_ADDRESS, exact(unlisted, 'podNotInInventory')],
    ["a process that is not known in the host's", GONE, NETNS_HOST, NODE_ADDRESS, unknown('cgroupGone')],
  ])('%s', (_, cgroup, netns, address, expected) => {
    expect(attributeLocal({ cgroup, netns, address, startMicros: 0 }, known)).toEqual(expected);
  });
});

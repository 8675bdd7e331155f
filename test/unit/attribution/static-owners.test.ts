import { describe, expect, it } from 'vitest';
import { HOST, PodUidIdentities } from '../../../src/attribution/identities.ts';
import { StaticOwners } from '../../../src/attribution/static-owners.ts';
import { NODE_ADDRESS, pod } from './world.ts';

describe('StaticOwners', () => {
  const web = pod('web', ['10.1.0.1'], { nodeAddresses: [NODE_ADDRESS] });
  const agents = ['a', 'b'].map((name) => pod(name, [NODE_ADDRESS], { hostNetwork: true }));

  it('gives the one pod that lists an address, the same Identity every time', () => {
    const owners = new StaticOwners([web, ...agents]);
    const answer = owners.ownerAt('10.1.0.1');
    expect(answer).toEqual({ is: 'owned', identity: web.identity, reason: 'inventory' });
    expect(answer).toHaveProperty('identity', web.identity);
    expect(owners.ownerAt('10.1.0.1')).toBe(answer);
  });

  it('gives one Node for an address that hostNetwork pods and a hostIP share', () => {
    expect(new StaticOwners([web, ...agents]).ownerAt(NODE_ADDRESS)).toMatchObject({
      is: 'owned',
      identity: { kind: 'Node', nodeName: 'node-1', namespace: undefined, podName: undefined, podUid: undefined },
    });
  });

  it("names both where an address is a node's and a pod's", () => {
    const answer = new StaticOwners([...agents, pod('odd', [NODE_ADDRESS])]).ownerAt(NODE_ADDRESS);
    expect(answer).toMatchObject({ is: 'ambiguous', candidates: [{ kind: 'Node' }, { podName: 'odd' }] });
  });

  it('knows nobody at an address that is not listed', () => {
    expect(new StaticOwners([]).ownerAt('10.1.0.1')).toEqual({ is: 'none', reason: 'notInInventory' });
  });
});

describe('PodUidIdentities', () => {
  it('gives one Identity a uid, and forgets the oldest beyond its bound', () => {
    const uids = new PodUidIdentities();
    const first = uids.of('uid-0');
    expect(uids.of('uid-0')).toBe(first);
    for (let index = 1; index <= 4096; index++) uids.of(`uid-${index}`);
    expect(uids.of('uid-0')).not.toBe(first);
    expect(uids.of('uid-0')).toEqual(first);
  });
});

describe('the identities of what is no pod', () => {
  it('cannot be changed by whoever shares them', () => {
    expect(Object.isFrozen(HOST)).toBe(true);
  });
});

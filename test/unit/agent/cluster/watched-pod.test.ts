import { expect, test } from 'vitest';
import { type ClusterPodObject, reduceWatchedPod } from '../../../../src/agent/cluster/watched-pod.ts';
import { SOME_UID } from '../pods.ts';

function reduced(rest: Partial<ClusterPodObject>) {
  return reduceWatchedPod({ metadata: { name: 'web', namespace: 'shop', uid: SOME_UID }, ...rest });
}

test('a pod that has just been bound has a name and a node, and no addresses', () => {
  expect(reduced({ spec: { nodeName: 'n1' } })).toMatchObject({
    namespace: 'shop',
    name: 'web',
    uids: [SOME_UID],
    ended: false,
    hostNetwork: false,
    addresses: [],
    nodeAddresses: [],
    identity: { podUid: SOME_UID, nodeName: 'n1' },
  });
});

test('addresses are canonical, each once, singular and plural fields together', () => {
  const status = {
    podIP: '198.18.0.1',
    podIPs: [{ ip: '198.18.0.1' }, { ip: 'FD00:0::5' }],
    hostIP: '::ffff:198.18.255.1',
    hostIPs: [{ ip: '198.18.255.1' }],
  };
  expect(reduced({ status })).toMatchObject({ addresses: ['198.18.0.1', 'fd00::5'], nodeAddresses: ['198.18.255.1'] });
});

test('an address that is none is left out, and the others stay', () => {
  const status = { podIP: '', podIPs: [{ ip: 'soon' }, { ip: '198.18.0.1' }] };
  expect(reduced({ status }).addresses).toEqual(['198.18.0.1']);
});

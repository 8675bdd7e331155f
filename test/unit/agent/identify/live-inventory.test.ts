import { beforeEach, describe, expect, test } from 'vitest';
import { LiveInventory } from '../../../../src/agent/identify/live-inventory.ts';
import { identity, PodUidIdentities } from '../../../../src/attribution/identities.ts';
import type { AddressAnswer } from '../../../../src/attribution/owners.ts';
import { OTHER_UID, SOME_UID, watchedPod } from '../pods.ts';

const PATH = `/node1/kubepods/burstable/pod${SOME_UID}/container`;

let inventory: LiveInventory;

function uidOf(at: number): string {
  return `00000000-0000-0000-0000-${String(at).padStart(12, '0')}`;
}

function ownerAt(address: string): AddressAnswer {
  return inventory.owners.ownerAt(address, 0);
}

beforeEach(() => {
  inventory = new LiveInventory();
  inventory.putNamespace('shop', {});
});

describe('a pod that is watched', () => {
  test('is one object for as long as it is known, whatever changes about it', () => {
    inventory.putPod('shop/web', watchedPod('web', SOME_UID));
    const before = inventory.podOf(PATH);
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { labels: { app: 'other' }, addresses: ['198.18.0.1'] }));
    expect(inventory.podOf(PATH)).toBe(before);
    expect(before).toMatchObject({ labels: { app: 'other' }, addresses: ['198.18.0.1'] });
  });

  test('is found by the hash of its configuration too, as static pods are', () => {
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { uids: [SOME_UID, hash] }));
    expect(inventory.podOf(`/kubepods/pod${hash}/c`)?.name).toBe('web');
    expect(inventory.hasPod(hash)).toBe(true);
  });

  test('has a new identity when its owner changes, and else the one that encoders know', () => {
    inventory.putPod('shop/web', watchedPod('web', SOME_UID));
    const before = inventory.podOf(PATH)?.identity;
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { labels: { app: 'other' } }));
    expect(inventory.podOf(PATH)?.identity).toBe(before);
    const adopted = identity({ kind: 'Pod', namespace: 'shop', podName: 'web', podUid: SOME_UID, ownerName: 'new' });
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { identity: adopted }));
    expect(inventory.podOf(PATH)?.identity.ownerName).toBe('new');
  });

  test('is nobody as long as another claims its uid, and itself again afterwards', () => {
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    inventory.putPod('shop/etcd', watchedPod('etcd', SOME_UID, { uids: [SOME_UID, hash] }));
    inventory.putPod('shop/forged', watchedPod('forged', OTHER_UID, { uids: [OTHER_UID, hash] }));
    expect([inventory.podOf(`/kubepods/pod${hash}/c`), inventory.hasPod(hash)]).toEqual([undefined, false]);
    inventory.removePod('shop/forged');
    expect(inventory.podOf(`/kubepods/pod${hash}/c`)?.name).toBe('etcd');
    inventory.removePod('shop/etcd');
    // Whose the hash was, only its object said.
    expect([inventory.hasPod(hash), inventory.hasPod(SOME_UID)]).toEqual([false, true]);
    expect(inventory.podNamed(identity({ kind: 'Pod', podUid: SOME_UID }))).toMatchObject({ name: 'etcd' });
  });

  test('is listed once its namespace is known: captures select by the labels of both', () => {
    const early = watchedPod('early', SOME_UID, { namespace: 'late' });
    inventory.putPod('late/early', early);
    expect([inventory.hasPod(SOME_UID), inventory.size]).toEqual([false, 0]);
    inventory.putNamespace('late', { env: 'prod' });
    expect([inventory.hasPod(SOME_UID), inventory.size]).toEqual([true, 1]);
    inventory.removeNamespace('late');
    inventory.putPod('late/early', { ...early, ended: true });
    expect(inventory.podOf(PATH)?.ended).toBe(true);
    inventory.putPod('gone/early', watchedPod('early', OTHER_UID, { namespace: 'gone' }));
    inventory.removePod('gone/early');
    inventory.putNamespace('gone', {});
    expect(inventory.hasPod(OTHER_UID)).toBe(false);
  });

  test('is remembered when it is gone, under its own uid and no longer among the pods', () => {
    inventory.putPod('shop/web', watchedPod('web', SOME_UID));
    inventory.removePod('shop/web');
    inventory.putPod('shop/web', watchedPod('web', OTHER_UID));
    expect(inventory.podOf(PATH)?.identity.podUid).toBe(SOME_UID);
    expect(Array.from(inventory.pods, (pod) => pod.identity.podUid)).toEqual([OTHER_UID]);
  });

  test('is forgotten at last: those that are gone are bounded', () => {
    for (let at = 0; at <= 4096; at += 1) {
      inventory.putPod('shop/web', watchedPod('web', uidOf(at)));
      inventory.removePod('shop/web');
    }
    expect([inventory.hasPod(uidOf(0)), inventory.hasPod(uidOf(1))]).toEqual([false, true]);
  });
});

describe('the owner of a cgroup', () => {
  const uids = new PodUidIdentities();

  test('is the pod, the machine, or a pod that is not listed', () => {
    inventory.putPod('shop/web', watchedPod('web', SOME_UID));
    expect(inventory.ownerOf(PATH, uids)).toMatchObject({ is: 'pod', pod: { name: 'web' } });
    expect(inventory.ownerOf('/system.slice/sshd.service', uids)).toEqual({ is: 'host' });
    const unlisted = inventory.ownerOf(`/node1/kubepods/pod${OTHER_UID}`, uids);
    expect(unlisted).toEqual({ is: 'unlistedPod', identity: uids.of(OTHER_UID), foreign: false });
  });

  test("is foreign where it lies with another kubelet, once this node's own is known", () => {
    const elsewhere = `/node2/kubepods/pod${OTHER_UID}`;
    expect(inventory.ownerOf(elsewhere, uids)).toMatchObject({ is: 'unlistedPod', foreign: false });
    inventory.putPod('shop/web', watchedPod('web', SOME_UID));
    inventory.ownerOf(PATH, uids);
    expect(inventory.ownerOf(elsewhere, uids)).toMatchObject({ is: 'unlistedPod', foreign: true });
  });
});

describe('the owner of an address', () => {
  test('is the pod that has it now, as long as it has', () => {
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { addresses: ['198.18.0.1'] }));
    expect(ownerAt('198.18.0.1')).toMatchObject({ is: 'owned', identity: { podUid: SOME_UID } });
    inventory.putPod('shop/web', watchedPod('web', SOME_UID, { addresses: ['198.18.0.2'] }));
    expect(ownerAt('198.18.0.1')).toMatchObject({ is: 'none' });
    inventory.removePod('shop/web');
    expect(ownerAt('198.18.0.2')).toMatchObject({ is: 'none' });
  });

  test('is nobody where two have it, where the pod has ended, and where it is the node', () => {
    inventory.putPod('shop/a', watchedPod('a', SOME_UID, { addresses: ['198.18.0.1'] }));
    inventory.putPod('shop/b', watchedPod('b', OTHER_UID, { addresses: ['198.18.0.1'] }));
    expect(ownerAt('198.18.0.1')).toMatchObject({ is: 'ambiguous' });
    inventory.putPod('shop/b', watchedPod('b', OTHER_UID, { addresses: ['198.18.0.1'], ended: true }));
    expect(ownerAt('198.18.0.1')).toMatchObject({ is: 'owned', identity: { podUid: SOME_UID } });
    inventory.putPod('shop/b', watchedPod('b', OTHER_UID, { addresses: ['198.18.255.1'], hostNetwork: true }));
    expect(ownerAt('198.18.255.1')).toMatchObject({ is: 'none' });
  });
});

test('the labels of a namespace hold its name, also of one that is not known', () => {
  inventory.putNamespace('shop', { team: 'shop' });
  expect(inventory.namespaceLabels('shop')).toEqual({ team: 'shop', 'kubernetes.io/metadata.name': 'shop' });
  inventory.removeNamespace('shop');
  expect(inventory.namespaceLabels('shop')).toEqual({ 'kubernetes.io/metadata.name': 'shop' });
});

import { describe, expect, test } from 'vitest';
import type { PodObject } from '../../../../src/agent/identify/inventory-schema.ts';
import { podFacts } from '../../../../src/agent/identify/pod-facts.ts';
import { OTHER_UID, SOME_UID } from '../pods.ts';

const HASH = 'd41d8cd98f00b204e9800998ecf8427e';

function factsOf(metadata: Partial<PodObject['metadata']>, rest: Partial<PodObject> = {}) {
  return podFacts({ metadata: { name: 'web-1', uid: SOME_UID, ...metadata }, ...rest }, 'shop');
}

function annotated(hash: string, mirror: string): readonly string[] {
  return factsOf({ annotations: { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.mirror': mirror } }).uids;
}

/** Kind and name of what a pod with these owners belongs to. */
function ownerOf(
  ownerReferences: PodObject['metadata']['ownerReferences'],
  labels: Readonly<Record<string, string>> = {},
): string {
  const { identity } = factsOf({ labels, ...(ownerReferences && { ownerReferences }) });
  return `${identity.ownerType} ${identity.ownerName}`;
}

test('what is known of a pod of which nothing is said', () => {
  expect(factsOf({})).toMatchObject({
    namespace: 'shop',
    name: 'web-1',
    labels: {},
    uids: [SOME_UID],
    ended: false,
    hostNetwork: false,
    identity: { kind: 'Pod', namespace: 'shop', podName: 'web-1', podUid: SOME_UID, ownerType: undefined },
  });
});

describe('the uids that the cgroup of a pod may be named after', () => {
  test("are a mirror's own and that of its static pod", () => {
    expect(annotated(HASH, HASH)).toEqual([SOME_UID, HASH]);
  });

  test("are never another pod's, whatever the annotations of a pod claim", () => {
    expect(annotated(OTHER_UID, OTHER_UID)).toEqual([SOME_UID]);
    expect(annotated(HASH, 'mirror')).toEqual([SOME_UID]);
    expect(factsOf({ annotations: { 'kubernetes.io/config.hash': HASH } }).uids).toEqual([SOME_UID]);
    expect(factsOf({ annotations: { 'kubernetes.io/config.mirror': HASH } }).uids).toEqual([SOME_UID]);
  });
});

describe('a pod has ended', () => {
  test.each([
    ['Pending', false],
    ['Running', false],
    ['Succeeded', true],
    ['Failed', true],
    ['Unknown', false],
  ])('in phase %s: %s', (phase, ended) => {
    expect(factsOf({}, { status: { phase } }).ended).toBe(ended);
  });
});

test('node and network of the host come from the spec', () => {
  const { hostNetwork, identity } = factsOf({}, { spec: { nodeName: 'n1', hostNetwork: true } });
  expect([hostNetwork, identity.nodeName]).toEqual([true, 'n1']);
});

describe('a pod belongs to', () => {
  const replicaSet = { kind: 'ReplicaSet', name: 'web-6d4cf56db6', controller: true };
  const hash = { 'pod-template-hash': '6d4cf56db6' };

  test('its controller alone', () => {
    const service = { kind: 'Service', name: 'other' };
    expect(ownerOf([service, { kind: 'StatefulSet', name: 'db', controller: true }])).toBe('StatefulSet db');
    expect(ownerOf([service, { kind: 'Service', name: 'none', controller: false }])).toBe('undefined undefined');
    expect(ownerOf(undefined)).toBe('undefined undefined');
  });

  test('the Deployment above its ReplicaSet, where the hash in the name proves one', () => {
    expect(ownerOf([replicaSet], hash)).toBe('Deployment web');
  });

  test('its ReplicaSet where nothing proves a Deployment', () => {
    expect(ownerOf([replicaSet])).toBe('ReplicaSet web-6d4cf56db6');
    expect(ownerOf([replicaSet], { 'pod-template-hash': '' })).toBe('ReplicaSet web-6d4cf56db6');
    expect(ownerOf([replicaSet], { 'pod-template-hash': 'abc' })).toBe('ReplicaSet web-6d4cf56db6');
    expect(ownerOf([{ ...replicaSet, name: '-6d4cf56db6' }], hash)).toBe('ReplicaSet -6d4cf56db6');
  });

  test('its Job, whose name proves no CronJob', () => {
    expect(ownerOf([{ kind: 'Job', name: 'nightly-28000000', controller: true }], hash)).toBe('Job nightly-28000000');
  });
});

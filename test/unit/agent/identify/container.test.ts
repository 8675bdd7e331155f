import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kubeletRoot, parseCgroupPath, parseProcCgroup } from '../../../../src/agent/identify/container.ts';

const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const UNDERSCORED = UID.replaceAll('-', '_');
const OTHER_UID = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const STATIC_UID = 'd41d8cd98f00b204e9800998ecf8427e';
const ID = 'c0ffee'.padEnd(64, '0');
const OUTER = 'dada'.padEnd(64, '1');

describe('parseCgroupPath', () => {
  it.each([
    ['cgroupfs, burstable', `/kubepods/burstable/pod${UID}/${ID}`, UID, ID, 'Burstable'],
    ['cgroupfs, best effort', `/kubepods/besteffort/pod${UID}/${ID}`, UID, ID, 'BestEffort'],
    ['cgroupfs, guaranteed', `/kubepods/pod${UID}/${ID}`, UID, ID, 'Guaranteed'],
    ["the pod's own directory", `/kubepods/burstable/pod${UID}`, UID, undefined, 'Burstable'],
    [
      'systemd, containerd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      UID,
      ID,
      'Burstable',
    ],
    [
      'systemd, CRI-O, best effort',
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice/crio-${ID}.scope/container`,
      UID,
      ID,
      'BestEffort',
    ],
    [
      'systemd, Docker, guaranteed',
      `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/docker-${ID}.scope`,
      UID,
      ID,
      'Guaranteed',
    ],
    ['cgroupfs, CRI-O', `/kubepods/burstable/pod${UID}/crio-${ID}`, UID, ID, 'Burstable'],
    [
      "CRI-O's monitor, which is not the container",
      `/kubepods/pod${UID}/crio-conmon-${ID}`,
      UID,
      undefined,
      'Guaranteed',
    ],
    ['a static pod', `/kubepods/burstable/pod${STATIC_UID}/${ID}`, STATIC_UID, ID, 'Burstable'],
    [
      'a static pod of systemd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC_UID}.slice/cri-containerd-${ID}.scope`,
      STATIC_UID,
      ID,
      'Burstable',
    ],
    ['a cgroup root of its own', `/kubelet/kubepods/burstable/pod${UID}/${ID}`, UID, ID, 'Burstable'],
    ['kind with cgroupfs', `/docker/${OUTER}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, UID, ID, 'BestEffort'],
    [
      'kind with systemd',
      `/docker/${OUTER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
      UID,
      ID,
      'Burstable',
    ],
    [
      'a pod inside of a pod',
      `/kubepods/pod${OTHER_UID}/${OUTER}/kubepods/burstable/pod${UID}/${ID}`,
      UID,
      ID,
      'Burstable',
    ],
    ["a container inside of a pod's container", `/kubepods/pod${UID}/${ID}/docker/${OUTER}`, UID, ID, 'Guaranteed'],
    ['a private cgroup namespace', `/../../kubepods/burstable/pod${UID}/${ID}`, UID, ID, 'Burstable'],
    [
      "a driver that is not kubelet's",
      `/system.slice/containerd.service/kubepods-burstable-pod${UNDERSCORED}.slice:cri-containerd:${ID}`,
      UID,
      ID,
      'Burstable',
    ],
    ['Docker, cgroupfs', `/docker/${ID}`, undefined, ID, undefined],
    ['Docker, systemd', `/system.slice/docker-${ID}.scope`, undefined, ID, undefined],
    ['Docker in Docker', `/docker/${OUTER}/docker/${ID}`, undefined, ID, undefined],
    [
      'Podman',
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
      undefined,
      ID,
      undefined,
    ],
    ["Podman's monitor", `/machine.slice/libpod-conmon-${ID}.scope`, undefined, undefined, undefined],
    ['a service', '/system.slice/ssh.service', undefined, undefined, undefined],
    ['the root', '/', undefined, undefined, undefined],
    ['nothing', '', undefined, undefined, undefined],
    ['a directory that only looks like a pod', `/home/pod${UID}/${ID}`, undefined, undefined, undefined],
    ['a hash that is no container', `/builds/${ID}`, undefined, undefined, undefined],
    ['a uid that is too short', '/kubepods/pod1234/x', undefined, undefined, undefined],
    ['an id that is too short', `/kubepods/pod${UID}/c0ffee`, UID, undefined, 'Guaranteed'],
    ['upper case, which no runtime writes', `/kubepods/pod${UID.toUpperCase()}/x`, undefined, undefined, undefined],
  ])('%s', (_, path, podUid, containerId, qos) => {
    expect(parseCgroupPath(path)).toEqual({ podUid, containerId, qos });
  });

  it('finds pod and container below any prefix that is not a pod itself', () => {
    const prefix = fc.array(fc.stringMatching(/^[a-z0-9._-]{1,20}$/), { maxLength: 5 });
    fc.assert(
      fc.property(prefix, fc.uuid(), fc.stringMatching(/^[0-9a-f]{64}$/), (parts, podUid, containerId) => {
        const path = ['', ...parts, 'kubepods', 'burstable', `pod${podUid}`, containerId].join('/');
        expect(parseCgroupPath(path)).toEqual({ podUid, containerId, qos: 'Burstable' });
      }),
    );
  });

  it('gives only well-formed values for any text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'kubepods',
        'burstable',
        `pod${UID}`,
        `kubepods-pod${UNDERSCORED}.slice`,
        'docker',
        ID,
        `crio-${ID}.scope`,
        '..',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const { podUid, containerId, qos } = parseCgroupPath(pieces.join('/'));
        expect([undefined, UID]).toContain(podUid);
        expect([undefined, ID]).toContain(containerId);
        expect(qos === undefined).toBe(podUid === undefined);
      }),
    );
  });

  it('reads no more than a path can have', () => {
    expect(parseCgroupPath(`${'/x'.repeat(5_000_000)}/kubepods/pod${UID}/${ID}`).podUid).toBeUndefined();
  });
});

describe('parseProcCgroup', () => {
  it.each([
    [
      'cgroup v2',
      `0::/kubepods/pod${UID}/${ID}\n`,
      { path: `/kubepods/pod${UID}/${ID}`, podUid: UID, containerId: ID, qos: 'Guaranteed' },
    ],
    [
      'hybrid mode, where the unified line says nothing',
      `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/\n`,
      { path: `/docker/${ID}`, podUid: undefined, containerId: ID, qos: undefined },
    ],
    [
      'hybrid mode, where the unified line says more',
      `1:name=systemd:/docker/${OUTER}\n0::/docker/${ID}\n`,
      { path: `/docker/${ID}`, podUid: undefined, containerId: ID, qos: undefined },
    ],
    [
      'cgroup v1 alone',
      `3:cpu,cpuacct:/kubepods/burstable/pod${UID}/${ID}\n2:cpuset:/\n`,
      { path: `/kubepods/burstable/pod${UID}/${ID}`, podUid: UID, containerId: ID, qos: 'Burstable' },
    ],
    [
      'a removed cgroup',
      `0::/docker/${ID} (deleted)\n`,
      { path: `/docker/${ID}`, podUid: undefined, containerId: ID, qos: undefined },
    ],
    [
      'a plain service',
      '0::/system.slice/ssh.service\n',
      { path: '/system.slice/ssh.service', podUid: undefined, containerId: undefined, qos: undefined },
    ],
    ['no line at all', '', { path: undefined, podUid: undefined, containerId: undefined, qos: undefined }],
    [
      'lines that are none',
      'x\n::\n0:/a\n1:b\n',
      { path: undefined, podUid: undefined, containerId: undefined, qos: undefined },
    ],
  ])('%s', (_, text, expected) => {
    expect(parseProcCgroup(text)).toEqual(expected);
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((path) => `0::/${path}`),
        ),
        (text) => {
          expect(parseProcCgroup(text).podUid).toBeUndefined();
        },
      ),
    );
  });
});

describe('the directory of all pods of a kubelet', () => {
  it.each([
    [
      'systemd',
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice`,
      '/kubepods.slice',
    ],
    ['systemd, guaranteed', `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-${ID}.scope`, '/kubepods.slice'],
    ['cgroupfs', `/kubepods/besteffort/pod${UID}/${ID}`, '/kubepods'],
    ['a cgroup root of its own', `/node1/kubepods/burstable/pod${UID}`, '/node1/kubepods'],
    [
      'kind with systemd',
      `/docker/${OUTER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice`,
      `/docker/${OUTER}/kubelet.slice/kubelet-kubepods.slice`,
    ],
    ['kind with cgroupfs', `/docker/${OUTER}/kubelet/kubepods/pod${UID}`, `/docker/${OUTER}/kubelet/kubepods`],
    [
      'a node that is a pod of another node: its own, not that one',
      `/kubepods/burstable/pod${OTHER_UID}/${OUTER}/kubelet/kubepods/burstable/pod${UID}`,
      `/kubepods/burstable/pod${OTHER_UID}/${OUTER}/kubelet/kubepods`,
    ],
    ['a class of pods, as a directory', '/kubepods.slice/kubepods-besteffort.slice/', '/kubepods.slice'],
    ['itself, as a directory', '/kubepods/', '/kubepods'],
    ['itself, where nothing is below it', '/kubepods', undefined],
    ["a driver that is not kubelet's", `/kubepods-burstable-pod${UNDERSCORED}.slice:cri-containerd:${ID}`, undefined],
    ['a name that only ends so', `/mykubepods/pod${UID}`, undefined],
    ['no kubelet at all', '/system.slice/ssh.service', undefined],
  ])('%s', (_, path, root) => {
    expect(kubeletRoot(path)).toBe(root);
  });
});

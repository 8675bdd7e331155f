import { describe, expect, it } from 'vitest';
import { buildInventory, type StaticInventory } from '../../../../src/agent/identify/inventory.ts';
import type { InventoryPod } from '../../../../src/agent/identify/inventory-pod.ts';
import { INVENTORY_KINDS } from '../../../../src/agent/identify/inventory-schema.ts';
import { parseManifest } from '../../../../src/api/manifest/manifest.ts';
import { formatProblem } from '../../../../src/api/manifest/problem.ts';
import { identity as made, PodUidIdentities } from '../../../../src/attribution/identities.ts';

const UID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const UNLISTED = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';

function read(text: string): { inventory: StaticInventory; problems: string[] } {
  const manifest = parseManifest(text, 'pods.yaml', INVENTORY_KINDS);
  const { inventory, problems } = buildInventory(manifest.objects);
  return { inventory, problems: [...manifest.problems, ...problems].map(formatProblem) };
}

/** A pod in a few lines of YAML; `rest` continues its metadata, or begins spec or status without indentation. */
function pod(name: string, rest: string): string {
  return `---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n  namespace: shop\n${rest}\n`;
}

function only(text: string): InventoryPod {
  const { inventory, problems } = read(text);
  expect(problems).toEqual([]);
  const [first] = inventory.pods;
  if (first === undefined || inventory.pods.length !== 1) throw new Error('expected one pod');
  return first;
}

describe('a pod of an inventory', () => {
  it('has name, labels, owner, node, cgroup and addresses', () => {
    const found = only(
      pod(
        'web-1',
        `  uid: ${UID}
  labels: {app: web}
  annotations: {weir.dev/cgroup: /pods/web-1/}
  ownerReferences:
    - {apiVersion: v1, kind: Service, name: other, uid: x}
    - {apiVersion: apps/v1, kind: StatefulSet, name: web, uid: y, controller: true}
spec: {nodeName: node-1, containers: []}
status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}, {ip: "FD00:0::5"}], hostIP: 192.0.2.1}`,
      ),
    );
    expect(found).toEqual({
      namespace: 'shop',
      name: 'web-1',
      labels: { app: 'web' },
      uids: [UID],
      cgroup: '/pods/web-1',
      ended: false,
      identity: {
        kind: 'Pod',
        namespace: 'shop',
        podName: 'web-1',
        podUid: UID,
        ownerType: 'StatefulSet',
        ownerName: 'web',
        serviceName: undefined,
        nodeName: 'node-1',
      },
      hostNetwork: false,
      addresses: ['10.1.0.5', 'fd00::5'],
      nodeAddresses: ['192.0.2.1'],
    });
  });

  it.each([
    ['a ReplicaSet of a Deployment', 'ReplicaSet', 'web-6d4cf56db6', '6d4cf56db6', ['Deployment', 'web']],
    ['a Deployment whose name has dashes', 'ReplicaSet', 'a-b-c-6d4cf56db6', '6d4cf56db6', ['Deployment', 'a-b-c']],
    ['a ReplicaSet with another hash', 'ReplicaSet', 'web-other', '6d4cf56db6', ['ReplicaSet', 'web-other']],
    ['a ReplicaSet without a hash', 'ReplicaSet', 'web-6d4cf56db6', '""', ['ReplicaSet', 'web-6d4cf56db6']],
    ['a Job, of which a CronJob is not certain', 'Job', 'backup-28000000', 'x', ['Job', 'backup-28000000']],
    ['a node, of a static pod', 'Node', 'node-1', 'x', ['Node', 'node-1']],
  ])('is owned by %s', (_, kind, name, hash, owner) => {
    const { identity } = only(
      pod(
        'p',
        `  uid: u\n  labels: {pod-template-hash: ${hash}}\n  ownerReferences: [{kind: ${kind}, name: ${name}, controller: true}]`,
      ),
    );
    expect([identity.ownerType, identity.ownerName]).toEqual(owner);
  });

  it('has no owner when no reference is the controller', () => {
    const { identity } = only(pod('p', '  uid: u\n  ownerReferences: [{kind: Service, name: s}]'));
    expect([identity.ownerType, identity.ownerName]).toEqual([undefined, undefined]);
  });

  it.each([
    ['has none before it has one', 'status: {phase: Pending, podIP: ""}', []],
    ['has the singular field alone', 'status: {podIP: 10.1.0.5}', ['10.1.0.5']],
    ['loses them when it has succeeded', 'status: {phase: Succeeded, podIP: 10.1.0.5}', []],
    ['loses them when it has failed', 'status: {phase: Failed, podIPs: [{ip: 10.1.0.5}]}', []],
  ])('%s', (_, rest, addresses) => {
    expect(only(pod('p', `  uid: u\n${rest}`)).addresses).toEqual(addresses);
  });

  it("keeps the uid that a static pod's cgroup is named after", () => {
    const hash = 'd41d8cd98f00b204e9800998ecf8427e';
    const marks = ['hash', 'mirror'].map((key) => `kubernetes.io/config.${key}: ${hash}`).join(', ');
    const { inventory } = read(pod('static', `  uid: ${UID}\n  annotations: {${marks}}`));
    expect(inventory.podOf(`/kubepods/burstable/pod${hash}/x`)?.name).toBe('static');
    expect(inventory.podOf(`/kubepods/burstable/pod${UID}/x`)?.name).toBe('static');
  });
});

describe('whose cgroup it is', () => {
  const { inventory } = read(
    pod('by-path', '  annotations: {weir.dev/cgroup: /pods/a}') +
      pod('by-uid', `  uid: ${UID}`) +
      pod('sibling', '  annotations: {weir.dev/cgroup: /pods/a-b}'),
  );
  const uids = new PodUidIdentities();

  it.each([
    ['the very path', '/pods/a', 'by-path'],
    ['a container below it', '/pods/a/c1/init.scope', 'by-path'],
    ['a neighbour whose name begins alike', '/pods/a-b/c1', 'sibling'],
    ['a neighbour that is nobody', '/pods/ab', undefined],
    ['the parent of them all', '/pods', undefined],
    ['the root', '/', undefined],
    ['a uid in the path', `/kubepods/burstable/pod${UID}/x`, 'by-uid'],
    ['a uid inside of a listed cgroup: the innermost', `/pods/a/kubepods/pod${UID}/x`, 'by-uid'],
    ['a uid that is not listed', `/kubepods/pod${UNLISTED}/x`, undefined],
    ['a uid that is not listed, inside of a listed cgroup', `/pods/a/kubepods/pod${UNLISTED}/x`, undefined],
  ])('%s', (_, path, name) => {
    expect(inventory.podOf(path)?.name).toBe(name);
  });

  it('is the host where no pod is, and a pod by its uid alone where that is all', () => {
    expect(inventory.ownerOf('/system.slice/ssh.service', uids)).toEqual({ is: 'host' });
    expect(inventory.ownerOf('/pods/a/c', uids)).toEqual({ is: 'pod', pod: inventory.pods[0] });
    const unlisted = inventory.ownerOf(`/kubepods/pod${UNLISTED}/x`, uids);
    expect(unlisted).toEqual({ is: 'unlistedPod', identity: uids.of(UNLISTED), foreign: false });
    expect(uids.of(UNLISTED)).toMatchObject({
      kind: 'Pod',
      podUid: UNLISTED,
      podName: undefined,
      namespace: undefined,
    });
    expect(buildInventory([]).inventory.ownerOf('/', uids)).toEqual({ is: 'host' });
  });
});

describe('a pod that a record names', () => {
  it('is found by its uid, or by its name where it has none', () => {
    const cgroup = '  annotations: {weir.dev/cgroup: /pods/plain}';
    const { inventory } = read(pod('web-1', `  uid: ${UID}`) + pod('plain', cgroup));
    for (const listed of inventory.pods) expect(inventory.podNamed(listed.identity)).toBe(listed);
    const named = { kind: 'Pod', namespace: 'shop', podName: 'web-1' } as const;
    expect(inventory.podNamed(made({ ...named, podUid: UNLISTED }))).toBeUndefined();
    expect(inventory.podNamed(made({ ...named, podName: 'web-2' }))).toBeUndefined();
  });
});

describe('namespaces', () => {
  const { inventory } = read('apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: blue}}\n');

  it('have their labels, and their name as one', () => {
    expect(inventory.namespaceLabels('shop')).toEqual({ team: 'blue', 'kubernetes.io/metadata.name': 'shop' });
  });

  it('have their name as a label when they are not listed', () => {
    expect(inventory.namespaceLabels('bank')).toEqual({ 'kubernetes.io/metadata.name': 'bank' });
  });
});

describe('the output of kubectl get -o yaml', () => {
  it('is an inventory', () => {
    const { inventory, problems } = read(`apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      kubernetes.io/config.seen: "2026-11-21T20:00:00.000000000Z"
    creationTimestamp: "2026-11-21T20:00:00Z"
    generateName: web-6d4cf56db6-
    labels:
      app: web
      pod-template-hash: 6d4cf56db6
    name: web-6d4cf56db6-abcde
    namespace: shop
    ownerReferences:
    - apiVersion: apps/v1
      blockOwnerDeletion: true
      controller: true
      kind: ReplicaSet
      name: web-6d4cf56db6
      uid: 11111111-2222-3333-4444-555555555555
    resourceVersion: "1234"
    uid: ${UID}
  spec:
    containers:
    - image: nginx
      name: nginx
      ports: [{containerPort: 80, protocol: TCP}]
    nodeName: node-1
    tolerations:
    - {effect: NoExecute, key: node.kubernetes.io/not-ready, operator: Exists, tolerationSeconds: 300}
  status:
    conditions:
    - {lastProbeTime: null, lastTransitionTime: "2026-11-21T20:00:00Z", status: "True", type: Ready}
    hostIP: 192.0.2.1
    hostIPs: [{ip: 192.0.2.1}]
    phase: Running
    podIP: 10.1.0.5
    podIPs: [{ip: 10.1.0.5}]
    qosClass: BestEffort
- apiVersion: v1
  kind: Namespace
  metadata:
    labels: {kubernetes.io/metadata.name: shop, team: blue}
    name: shop
    uid: 66666666-2222-3333-4444-555555555555
  spec: {finalizers: [kubernetes]}
  status: {phase: Active}
kind: List
metadata: {resourceVersion: ""}
`);
    expect(problems).toEqual([]);
    expect(inventory.pods.map(({ name, identity }) => [name, identity.ownerType, identity.ownerName])).toEqual([
      ['web-6d4cf56db6-abcde', 'Deployment', 'web'],
    ]);
    expect(inventory.namespaceLabels('shop')).toMatchObject({ team: 'blue' });
  });
});

describe('what is wrong with an inventory', () => {
  const CGROUP = '  annotations: {weir.dev/cgroup: /pods/a}';

  it.each([
    [
      'two pods of one name',
      pod('a', CGROUP) + pod('a', '  uid: u'),
      ['pods.yaml:12:9: metadata.name: another Pod is named shop/a too; list each once'],
    ],
    [
      'two pods of one uid',
      pod('a', '  uid: u') + pod('b', '  uid: u'),
      ["pods.yaml:14:8: metadata.uid: is the uid of pod shop/a too; a uid is one pod's alone"],
    ],
    [
      'two pods in one cgroup',
      pod('a', CGROUP) + pod('b', '  annotations: {weir.dev/cgroup: /pods/a/}'),
      [
        'pods.yaml:14:34: metadata.annotations["weir.dev/cgroup"]: is the cgroup of pod shop/a too; give each pod a cgroup of its own',
      ],
    ],
    [
      'a pod inside of another',
      pod('in', '  annotations: {weir.dev/cgroup: /pods/a/b/c}') + pod('a', CGROUP),
      [
        'pods.yaml:7:34: metadata.annotations["weir.dev/cgroup"]: lies inside of the cgroup of pod shop/a (/pods/a); put the two side by side',
      ],
    ],
    [
      'a pod that nothing leads to',
      pod('a', '  labels: {app: a}'),
      [
        'pods.yaml:5:3: metadata: the cgroup of this pod cannot be found: write its path into the annotation weir.dev/cgroup, or, of a pod that kubelet runs, its uid into metadata.uid',
      ],
    ],
    [
      'text that is no address',
      pod('a', `${CGROUP}\nstatus: {podIPs: [{ip: 10.1.0.5}, {ip: 10.1.0.256}]}`),
      ['pods.yaml:8:40: status.podIPs[1].ip: "10.1.0.256" is no IP address'],
    ],
    [
      'two namespaces of one name',
      'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n',
      ['pods.yaml:7:18: metadata.name: another Namespace is named shop too; list each once'],
    ],
  ])('%s', (_, text, problems) => {
    expect(read(text).problems).toEqual(problems);
  });

  it.each([
    ['/sys/fs/cgroup/pods/a', 'leave /sys/fs/cgroup out'],
    ['pods/a', '"pods/a" is no path of a cgroup'],
    ['/', '"/" is no path of a cgroup'],
    ['/pods/../a', '"/pods/../a" is no path of a cgroup'],
    ['/pods//a', '"/pods//a" is no path of a cgroup'],
    [`/${'x'.repeat(5000)}`, 'is no path of a cgroup'],
  ])('the cgroup path %s', (path, message) => {
    const { problems, inventory } = read(pod('a', `  annotations: {weir.dev/cgroup: "${path}"}`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(inventory.pods).toEqual([]);
  });

  it.each([
    [
      'a kind that is not understood',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n',
      'pods.yaml:2:7: kind:',
    ],
    [
      'hostNetwork that is no boolean',
      pod('a', '  uid: u\nspec: {hostNetwork: "yes"}'),
      'pods.yaml:8:21: spec.hostNetwork:',
    ],
    ['a uid with control characters', pod('a', '  uid: "\\e[2J"'), 'pods.yaml:7:8: metadata.uid:'],
    [
      'an owner with control characters',
      pod('a', '  uid: u\n  ownerReferences: [{kind: "\\e", name: x}]'),
      'pods.yaml:8:28: metadata.ownerReferences[0].kind:',
    ],
  ])('%s', (_, text, start) => {
    const { problems } = read(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.slice(0, start.length)).toBe(start);
  });
});

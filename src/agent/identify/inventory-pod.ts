import type { LocatedObject } from '../../api/manifest/manifest.ts';
import { type FieldPath, type Problem, quote } from '../../api/manifest/problem.ts';
import { identity } from '../../attribution/identities.ts';
import type { StaticPod } from '../../attribution/static-owners.ts';
import { canonicalAddress } from '../../lib/address-type.ts';
import type { Identity } from '../../record/flow.ts';
import type { OwnerReference, PodObject } from './inventory-schema.ts';

/** A pod that is known without watching a cluster. Its addresses are in canonical text. */
export interface InventoryPod extends StaticPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The uid, and of a static pod the hash of its configuration, which is the uid in its cgroup's path. */
  readonly uids: readonly string[];
  /** Path of its cgroup below the cgroup2 mount, when the inventory says so; else the path is known by its uid. */
  readonly cgroup: string | undefined;
  /** Its phase is Succeeded or Failed: it gets no processes any more. */
  readonly ended: boolean;
}

/** Annotation with the path of a pod's cgroup below the cgroup2 mount, as `/proc/PID/cgroup` shows it. */
export const CGROUP_ANNOTATION = 'weir.dev/cgroup';
/** Set by kubelet on a static pod's mirror: the uid that its cgroup is named after. */
const STATIC_POD_HASH = 'kubernetes.io/config.hash';
const MAX_CGROUP_PATH = 4096;

/** One pod of an inventory, with what is wrong with it; where there are problems the pod should not be used. */
export function inventoryPod(object: LocatedObject<PodObject>): { pod: InventoryPod; problems: Problem[] } {
  const { metadata, spec = {}, status = {} } = object.value;
  const namespace = object.namespace ?? '';
  const annotations = metadata.annotations ?? {};
  const staticHash = annotations[STATIC_POD_HASH];
  const uids = [metadata.uid, staticHash].filter((uid) => uid !== undefined);
  const problems: Problem[] = [];
  const cgroup = annotations[CGROUP_ANNOTATION];
  if (cgroup !== undefined) problems.push(...cgroupProblems(object, cgroup));
  else if (uids.length === 0) {
    const message =
      `the cgroup of this pod cannot be found: write its path into the annotation ${CGROUP_ANNOTATION}, ` +
      'or, of a pod that kubelet runs, its uid into metadata.uid';
    problems.push(object.problemAt(['metadata'], message, `the annotation ${CGROUP_ANNOTATION}, or a uid`));
  }
  const addresses = addressesOf(object, 'podIP', problems);
  // A pod that has ended keeps its addresses in the status, and another pod may have them by now.
  const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
  const pod: InventoryPod = {
    namespace,
    name: object.name,
    labels: metadata.labels ?? {},
    uids: [...new Set(uids)],
    cgroup: cgroup === undefined ? undefined : withoutSlash(cgroup),
    ended,
    identity: podIdentity(object, namespace),
    hostNetwork: spec.hostNetwork === true,
    addresses: ended ? [] : addresses,
    nodeAddresses: addressesOf(object, 'hostIP', problems),
  };
  return { pod, problems };
}

function podIdentity({ name, value: { metadata, spec } }: LocatedObject<PodObject>, namespace: string): Identity {
  const owner = topOwner(metadata.ownerReferences, metadata.labels?.['pod-template-hash']);
  return identity({
    kind: 'Pod',
    namespace,
    podName: name,
    podUid: metadata.uid,
    ownerType: owner?.kind,
    ownerName: owner?.name,
    nodeName: spec?.nodeName,
  });
}

/**
 * The controller, or the Deployment above it: a Deployment names its ReplicaSets after itself and the hash that it also
 * puts on their pods as a label. A Job's name does not prove a CronJob, so a Job stays one.
 */
function topOwner(references: readonly OwnerReference[] = [], templateHash?: string): OwnerReference | undefined {
  const controller = references.find((reference) => reference.controller === true);
  if (controller?.kind !== 'ReplicaSet' || templateHash === undefined || templateHash === '') return controller;
  const ending = `-${templateHash}`;
  if (!controller.name.endsWith(ending) || controller.name.length === ending.length) return controller;
  return { kind: 'Deployment', name: controller.name.slice(0, -ending.length) };
}

/** The pod's or its node's addresses, each once; the plural field holds the singular one too, where both are there. */
function addressesOf(object: LocatedObject<PodObject>, field: 'podIP' | 'hostIP', problems: Problem[]): string[] {
  const status = object.value.status ?? {};
  const plural = status[`${field}s`];
  const given: { path: FieldPath; text: string }[] = (plural ?? []).map(({ ip }, index) => ({
    path: ['status', `${field}s`, index, 'ip'],
    text: ip,
  }));
  const singular = status[field];
  if (singular !== undefined && singular !== '') given.push({ path: ['status', field], text: singular });
  const addresses = new Set<string>();
  for (const { path, text } of given) {
    const address = canonicalAddress(text);
    if (address !== undefined) addresses.add(address);
    else problems.push(object.problemAt(path, `${quote(text)} is no IP address`, 'an IPv4 or IPv6 address'));
  }
  return [...addresses];
}

function cgroupProblems(object: LocatedObject<PodObject>, path: string): Problem[] {
  const refuse = (message: string): Problem[] => [
    object.problemAt(['metadata', 'annotations', CGROUP_ANNOTATION], message, 'a path such as /pods/web-1'),
  ];
  if (path.startsWith('/sys/fs/cgroup/')) {
    return refuse('expected the path below the cgroup2 mount, as /proc/PID/cgroup shows it: leave /sys/fs/cgroup out');
  }
  const names = withoutSlash(path).split('/').slice(1);
  const whole = path.startsWith('/') && names.length > 0 && path.length <= MAX_CGROUP_PATH;
  if (whole && names.every((name) => name !== '' && name !== '.' && name !== '..')) return [];
  return refuse(`${quote(path)} is no path of a cgroup: write it as /proc/PID/cgroup shows it, such as /pods/web-1`);
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

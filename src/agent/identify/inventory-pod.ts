import type { LocatedObject } from '../../api/manifest/manifest.ts';
import { type FieldPath, type Problem, quote } from '../../api/manifest/problem.ts';
import type { StaticPod } from '../../attribution/static-owners.ts';
import { canonicalAddress } from '../../lib/address-type.ts';
import type { PodObject } from './inventory-schema.ts';
import { type PodFacts, podFacts } from './pod-facts.ts';

/** A pod of this node, out of an inventory or out of a watch. Its addresses are in canonical text. */
export interface InventoryPod extends StaticPod, PodFacts {
  /** Path of its cgroup below the cgroup2 mount, when the inventory says so; else the path is known by its uid. */
  readonly cgroup: string | undefined;
}

/** Annotation with the path of a pod's cgroup below the cgroup2 mount, as `/proc/PID/cgroup` shows it. */
export const CGROUP_ANNOTATION = 'weir.dev/cgroup';
const MAX_CGROUP_PATH = 4096;

/** One pod of an inventory, with what is wrong with it; where there are problems the pod should not be used. */
export function inventoryPod(object: LocatedObject<PodObject>): { pod: InventoryPod; problems: Problem[] } {
  const { metadata } = object.value;
  const facts = podFacts(object.value, object.namespace ?? '');
  const problems: Problem[] = [];
  const cgroup = metadata.annotations?.[CGROUP_ANNOTATION];
  if (cgroup !== undefined) problems.push(...cgroupProblems(object, cgroup));
  else if (facts.uids.length === 0) {
    const message =
      `the cgroup of this pod cannot be found: write its path into the annotation ${CGROUP_ANNOTATION}, ` +
      'or, of a pod that kubelet runs, its uid into metadata.uid';
    problems.push(object.problemAt(['metadata'], message, `the annotation ${CGROUP_ANNOTATION}, or a uid`));
  }
  const addresses = addressesOf(object, 'podIP', problems);
  const pod: InventoryPod = {
    ...facts,
    cgroup: cgroup === undefined ? undefined : withoutSlash(cgroup),
    addresses: facts.ended ? [] : addresses,
    nodeAddresses: addressesOf(object, 'hostIP', problems),
  };
  return { pod, problems };
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

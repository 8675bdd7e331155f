import { identity } from '../../attribution/identities.ts';
import type { Identity } from '../../record/flow.ts';
import type { OwnerReference, PodObject } from './inventory-schema.ts';

/** What is read of a v1 Pod, wherever it comes from, save for addresses and its place in the cgroup hierarchy. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The uid, and of a static pod the hash of its configuration, which is the uid in its cgroup's path. */
  readonly uids: readonly string[];
  /** Its phase is Succeeded or Failed: it gets no processes any more, and its addresses may be another pod's by now. */
  readonly ended: boolean;
  readonly hostNetwork: boolean;
  readonly identity: Identity;
}

/** Set by kubelet on a static pod's mirror, both alike: the uid that its cgroup is named after. */
const STATIC_POD_HASH = 'kubernetes.io/config.hash';
const MIRROR = 'kubernetes.io/config.mirror';
/** A hash, and never the uid of another pod, which anybody might write into an annotation of their own. */
const HASH = /^[0-9a-f]{32}$/;

export function podFacts({ metadata, spec = {}, status = {} }: PodObject, namespace: string): PodFacts {
  const { name, uid, labels = {}, annotations = {}, ownerReferences } = metadata;
  const owner = topOwner(ownerReferences, labels['pod-template-hash']);
  return {
    namespace,
    name,
    labels,
    uids: [uid, staticPodUid(annotations)].filter((known) => known !== undefined),
    ended: status.phase === 'Succeeded' || status.phase === 'Failed',
    hostNetwork: spec.hostNetwork === true,
    identity: identity({
      kind: 'Pod',
      namespace,
      podName: name,
      podUid: uid,
      ownerType: owner?.kind,
      ownerName: owner?.name,
      nodeName: spec.nodeName,
    }),
  };
}

/** Kubelet deletes what calls itself a mirror of a static pod that it does not run. */
function staticPodUid({ [STATIC_POD_HASH]: hash, [MIRROR]: mirror }: Readonly<Record<string, string>>) {
  return hash !== undefined && hash === mirror && HASH.test(hash) ? hash : undefined;
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

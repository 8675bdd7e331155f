import type { Identity } from '../record/flow.ts';

/** Identities of what is no listed pod. Each is one object for ever: encoders cache by object. */

/** This machine, outside of every pod. It names no node: several nodes may share one kernel (kind). */
export const HOST: Identity = identity({ kind: 'Host' });
/** Nothing that Weir has been told about. */
export const EXTERNAL: Identity = identity({ kind: 'External' });
export const UNKNOWN: Identity = identity({ kind: 'Unknown' });

/** An identity with every property, those not given undefined, so that all have one hidden class. */
export function identity(known: Partial<Identity> & Pick<Identity, 'kind'>): Identity {
  return Object.freeze({
    kind: known.kind,
    namespace: known.namespace,
    podName: known.podName,
    podUid: known.podUid,
    ownerType: known.ownerType,
    ownerName: known.ownerName,
    serviceName: known.serviceName,
    nodeName: known.nodeName,
  });
}

/** How reasons speak of an owner: `pod shop/web-1`, `pod uid 1234`, `node n1`, `this machine`. */
export function describeIdentity(owner: Identity): string {
  if (owner.podName !== undefined) return `pod ${owner.namespace ?? ''}/${owner.podName}`;
  if (owner.podUid !== undefined) return `pod uid ${owner.podUid}`;
  if (owner.kind === 'Host') return 'this machine';
  return owner.nodeName === undefined ? owner.kind.toLowerCase() : `node ${owner.nodeName}`;
}

const MAX_UIDS = 4096;

/** Pods of which only the uid is known, from the path of their cgroup: one Identity a uid, the oldest forgotten first. */
export class PodUidIdentities {
  readonly #byUid = new Map<string, Identity>();

  of(podUid: string): Identity {
    const known = this.#byUid.get(podUid);
    if (known !== undefined) return known;
    const oldest = this.#byUid.size < MAX_UIDS ? undefined : this.#byUid.keys().next().value;
    if (oldest !== undefined) this.#byUid.delete(oldest);
    const made = identity({ kind: 'Pod', podUid });
    this.#byUid.set(podUid, made);
    return made;
  }
}

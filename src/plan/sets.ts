import type { Plan, PlanCapture } from './plan.ts';
import { isEmptySelector, type Labels, selects } from './selector.ts';

/** The set of what is known and not selected. */
export const SET_NONE = 0;
/** In place of a set id: user space decides. The kernel captures such a socket provisionally. */
export const SET_UNKNOWN = 0xffffffff;
/** Set ids go from 1 to this: the kernel's ledger is an array of 1,024 entries, entry 0 is for the two above. */
export const MAX_SET = 1023;
/** Captures in one set, so that a pod's flows cost the same however many captures overlap there. */
export const MAX_CAPTURES_IN_SET = 64;

/** What selectors see of a pod. */
export interface SelectedPod {
  readonly namespace: string;
  readonly labels: Labels;
  readonly namespaceLabels: Labels;
}

/** The captures, by their index in the plan and in its order, that select a pod. */
export interface Selection {
  readonly captures: readonly number[];
  /** The captures that would select it too, but for the limit of one set. */
  readonly refused: readonly number[];
}

export interface CaptureSet {
  readonly id: number;
  readonly refused: readonly number[];
}

/**
 * Sets of captures, interned: what the kernel keeps for a pod is one number. Append-only, so that a number means the
 * same for as long as the plan holds; another plan gets sets of its own.
 */
export class CaptureSets {
  readonly #captures: readonly PlanCapture[];
  readonly #ids = new Map<string, number>();
  readonly #sets: (readonly number[])[] = [[]];
  #overflows = 0;

  constructor(plan: Pick<Plan, 'captures'>) {
    this.#captures = plan.captures;
  }

  /** How many answers were SET_UNKNOWN because every set id was taken. */
  get overflows(): number {
    return this.#overflows;
  }

  /** The captures that select this pod: what `setFor` interns, and what user space decides by where it could not. */
  selectionOf(pod: SelectedPod): Selection {
    return limited(
      this.#captures.filter((capture) => covers(capture, pod) && selects(capture.podSelector, pod.labels)),
    );
  }

  /** Sets so far: ids go from 1 to this. */
  get size(): number {
    return this.#sets.length - 1;
  }

  setFor(pod: SelectedPod): CaptureSet {
    return this.#intern(this.selectionOf(pod));
  }

  /** The captures that ask for every pod there is: on a machine whose pods are not known, for everything on it. */
  everything(): CaptureSet {
    return this.#intern(limited(this.#captures.filter(asksForEverything)));
  }

  /** The captures of a set, by their index in the plan; none for SET_NONE, SET_UNKNOWN and ids that were never given. */
  capturesOf(id: number): readonly number[] {
    return this.#sets[id] ?? [];
  }

  #intern({ captures, refused }: Selection): CaptureSet {
    if (captures.length === 0) return { id: SET_NONE, refused };
    const key = captures.join(' ');
    const known = this.#ids.get(key);
    if (known !== undefined) return { id: known, refused };
    if (this.#sets.length > MAX_SET) {
      this.#overflows++;
      return { id: SET_UNKNOWN, refused };
    }
    const id = this.#sets.push(captures) - 1;
    this.#ids.set(key, id);
    return { id, refused };
  }
}

function covers({ namespaces }: PlanCapture, pod: SelectedPod): boolean {
  if ('name' in namespaces) return namespaces.name === pod.namespace;
  return selects(namespaces.selector, pod.namespaceLabels);
}

function asksForEverything({ namespaces, podSelector }: PlanCapture): boolean {
  return isEmptySelector(podSelector) && ('name' in namespaces || isEmptySelector(namespaces.selector));
}

function limited(selecting: readonly PlanCapture[]): Selection {
  const indices = selecting.map(({ index }) => index);
  return { captures: indices.slice(0, MAX_CAPTURES_IN_SET), refused: indices.slice(MAX_CAPTURES_IN_SET) };
}

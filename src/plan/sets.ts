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

/** What makes room once every id is taken. */
export interface Recycling {
  /** ms since some instant; never steps. */
  readonly now: () => number;
  /** Ids that somebody still holds, whenever they were asked for. */
  readonly held: () => ReadonlySet<number>;
  /** The id is about to mean another set than these captures. */
  readonly recycled: (id: number, captures: readonly number[]) => void;
}

/** Nobody asks for it any more, and every record that carries it has come: rings are emptied within a second. */
const IDLE_MILLIS = 60_000;

/**
 * Sets of captures, interned: what the kernel keeps for a pod is one number. A number means the same captures for as long as
 * anybody may hold it, also while one plan follows another; only when none is left is one given again that nobody uses.
 */
export class CaptureSets {
  #captures: readonly PlanCapture[];
  readonly #recycling: Recycling | undefined;
  readonly #ids = new Map<string, number>();
  readonly #sets: (readonly number[])[] = [[]];
  readonly #askedAt: number[] = [0];
  #overflows = 0;

  /** `recycling`: given where other plans may follow. */
  constructor(plan: Pick<Plan, 'captures'>, recycling?: Recycling) {
    this.#captures = plan.captures;
    this.#recycling = recycling;
  }

  /** From now on these captures select; `index` must mean the same capture as in the plans before. */
  adopt(plan: Pick<Plan, 'captures'>): void {
    this.#captures = plan.captures;
  }

  /** The captures of each set, by its id. */
  get state(): readonly (readonly number[])[] {
    return this.#sets;
  }

  /** Ids mean what they meant where these stood; before the first is given. */
  restore(sets: readonly (readonly number[])[]): void {
    const now = this.#recycling?.now() ?? 0;
    for (const [id, captures] of sets.entries()) {
      this.#sets[id] = captures;
      this.#askedAt[id] = now;
      if (id > 0) this.#ids.set(captures.join(' '), id);
    }
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

  /** As `capturesOf`, those that are in the plan now. */
  plannedIn(id: number): readonly PlanCapture[] {
    const indices = new Set(this.capturesOf(id));
    return this.#captures.filter(({ index }) => indices.has(index));
  }

  #intern({ captures, refused }: Selection): CaptureSet {
    if (captures.length === 0) return { id: SET_NONE, refused };
    const key = captures.join(' ');
    const id = this.#ids.get(key) ?? this.#give(captures);
    if (id === undefined) {
      this.#overflows++;
      return { id: SET_UNKNOWN, refused };
    }
    this.#ids.set(key, id);
    this.#sets[id] = captures;
    this.#askedAt[id] = this.#recycling?.now() ?? 0;
    return { id, refused };
  }

  /** An id that means nothing yet, or nothing any more. */
  #give(captures: readonly number[]): number | undefined {
    if (this.#sets.length <= MAX_SET) return this.#sets.push(captures) - 1;
    if (this.#recycling === undefined) return undefined;
    const held = this.#recycling.held();
    const idleSince = this.#recycling.now() - IDLE_MILLIS;
    const id = this.#askedAt.findIndex((at, candidate) => candidate > 0 && at < idleSince && !held.has(candidate));
    if (id < 0) return undefined;
    const former = this.capturesOf(id);
    this.#ids.delete(former.join(' '));
    this.#recycling.recycled(id, former);
    return id;
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

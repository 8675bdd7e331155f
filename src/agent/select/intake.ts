/** One record's way from the ring to the router: decoded, matched to its captures, named, handed on; or counted. */

import type { CaptureSets } from '../../plan/sets.ts';
import type { Flow } from '../../record/flow.ts';
import type { TcpEvent } from '../decode/tcp.ts';
import type { CgroupOwners, ResolvedCgroup } from '../identify/cgroup-owners.ts';
import type { Inventory } from '../identify/inventory.ts';
import { matchedCaptures } from './matched.ts';

/** In the place of a pod's uid: the next look at the cgroups will tell. */
export const UNKNOWN_CGROUP = '';

export interface IntakeSteps {
  readonly decode: (view: DataView, offset: number, length: number) => TcpEvent | undefined;
  /**
   * Takes a record of a pod that may be listed yet, or of a cgroup that may be found yet (UNKNOWN_CGROUP), and brings it to
   * `decide` then; false where it has no room.
   */
  readonly hold: (awaited: string, event: TcpEvent) => boolean;
  /** The captures among these that want the record; the others have counted it. `flow`: for whom the event alone is not enough. */
  readonly wanted: (event: TcpEvent, captures: readonly number[], flow: () => Flow) => readonly number[];
  /** The kernel counted a record for nobody that these captures observed: each has one more in `provisional`. */
  readonly provisional: (captures: readonly number[]) => void;
  readonly flow: (event: TcpEvent) => Flow;
  readonly route: (flow: Flow, captures: readonly number[]) => void;
}

/** Records that became no flow, by why. */
export interface IntakeCounts {
  /** Not of this version's layout; whose they were cannot be known. */
  readonly malformed: number;
  /** Captured provisionally, and no capture selects them. */
  readonly notSelected: number;
  /** Captured provisionally, and the cgroup was gone, or the pod not listed in time: a capture may have wanted them. */
  readonly ownerUnknown: number;
  /** Captured provisionally, of a pod of another node that shares this kernel. */
  readonly foreign: number;
}

export class Intake {
  readonly #steps: IntakeSteps;
  readonly #sets: CaptureSets;
  readonly #pods: Inventory;
  readonly #cgroups: CgroupOwners;
  readonly #provisional = new Map<number, number>();
  readonly #counts = { malformed: 0, notSelected: 0, ownerUnknown: 0, foreign: 0 };

  constructor(steps: IntakeSteps, sets: CaptureSets, pods: Inventory, cgroups: CgroupOwners) {
    this.#steps = steps;
    this.#sets = sets;
    this.#pods = pods;
    this.#cgroups = cgroups;
  }

  get counts(): IntakeCounts {
    return { ...this.#counts };
  }

  /** By capture: records that the kernel captured provisionally, and so counted as nobody's. */
  get provisional(): ReadonlyMap<number, number> {
    return this.#provisional;
  }

  /** Goes on from the counts of an earlier process; before the first record. */
  restore(provisional: ReadonlyMap<number, number>): void {
    for (const [capture, count] of provisional) this.#provisional.set(capture, count);
  }

  /** Nobody asks for this capture any more. */
  forget(capture: number): void {
    this.#provisional.delete(capture);
  }

  /** Takes one record of the ring. */
  readonly record = (view: DataView, offset: number, length: number): void => {
    const event = this.#steps.decode(view, offset, length);
    if (event === undefined) {
      this.#counts.malformed++;
      return;
    }
    const { captures, provisional } = this.#match(event);
    const awaited = provisional === undefined ? undefined : this.#awaited(provisional);
    if (awaited !== undefined && this.#steps.hold(awaited, event)) return;
    this.#pass(event, captures, provisional);
  };

  /** Takes a record that was held: by what is known now, once and for all. */
  readonly decide = (event: TcpEvent): void => {
    const { captures, provisional } = this.#match(event);
    this.#pass(event, captures, provisional);
  };

  #match(event: TcpEvent) {
    return matchedCaptures(event, this.#sets, this.#cgroups, this.#pods);
  }

  /** What has to be known before anybody can say whose the record is. */
  #awaited(owner: ResolvedCgroup): string | undefined {
    return owner.cgroup.is === 'unknown' ? UNKNOWN_CGROUP : this.#awaitedPod(owner);
  }

  /** The pod that has to be listed first. */
  #awaitedPod({ cgroup }: ResolvedCgroup): string | undefined {
    return this.#pods.grows && cgroup.is === 'unlistedPod' && !cgroup.foreign ? cgroup.identity.podUid : undefined;
  }

  #pass(event: TcpEvent, captures: readonly number[], provisional: ResolvedCgroup | undefined): void {
    if (captures.length === 0) this.#counts[this.#whyNobodys(provisional)]++;
    else {
      if (provisional !== undefined) this.#countProvisional(captures);
      let made: Flow | undefined;
      const flow = (): Flow => (made ??= this.#steps.flow(event));
      const wanted = this.#steps.wanted(event, captures, flow);
      if (wanted.length > 0) this.#steps.route(flow(), wanted);
    }
  }

  #whyNobodys(owner: ResolvedCgroup | undefined): 'foreign' | 'ownerUnknown' | 'notSelected' {
    if (owner?.cgroup.is === 'unlistedPod' && owner.cgroup.foreign) return 'foreign';
    const isUnknown = owner !== undefined && (owner.cgroup.is === 'unknown' || this.#awaitedPod(owner) !== undefined);
    return isUnknown ? 'ownerUnknown' : 'notSelected';
  }

  #countProvisional(captures: readonly number[]): void {
    this.#steps.provisional(captures);
    for (const capture of captures) this.#provisional.set(capture, (this.#provisional.get(capture) ?? 0) + 1);
  }
}

/** Tells the kernel what all captures of a set have in common; what differs is decided in user space. */
import type { PlanCapture } from '../../plan/plan.ts';
import { DEFAULT_REPORTING, reportingOf, type Wishes } from '../../plan/wishes.ts';
import { ROLE, SET_POLICY } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key } from '../load/bpf-map.ts';
import { NO_RELIEF, type Relief } from '../overload/relief.ts';
import type { PeerLists } from './peer-lists.ts';
import { roleOf, sampledBelow } from './wanted.ts';

const NANOS = 1_000_000_000n;
/** Looks in the shortest of all times: a report is late by at most a fifth of it. */
const LOOKS = 5;
const LEAST_LOOK_MILLIS = 200;
/** ns; 0 would be the default. */
const EVERY_LOOK = 1n;

export class Policies {
  readonly #map: Pick<BpfMap, 'update'>;
  readonly #peers: Pick<PeerLists, 'commonId' | 'keep'>;
  readonly #capturesOf: (set: number) => readonly Wishes[];
  readonly #written = new Map<number, Uint8Array>();
  #hurried: ReadonlySet<number> = new Set();
  #sets: readonly number[] = [];
  #relief = NO_RELIEF;
  #shortest = DEFAULT_REPORTING.idleSeconds;

  /** @param capturesOf those of a set's captures that are in the plan. */
  constructor(
    map: Pick<BpfMap, 'update'>,
    peers: Pick<PeerLists, 'commonId' | 'keep'>,
    capturesOf: (set: number) => readonly Wishes[],
  ) {
    this.#map = map;
    this.#peers = peers;
    this.#capturesOf = capturesOf;
  }

  /**
   * Writes what changed; before anything in the kernel refers to one of these sets. @param sets ids from 1.
   * Returns whether a set wants something else than before.
   */
  write(sets: Iterable<number>): boolean {
    this.#sets = [...sets];
    let shortest = DEFAULT_REPORTING.idleSeconds;
    let changed = false;
    const lists = new Set<number>();
    for (const set of this.#sets) {
      const captures = this.#capturesOf(set);
      if (captures.length === 0) continue;
      const { lessOften, oneIn } = this.#relief;
      const reporting = reportingOf(captures);
      const [activeSeconds, idleSeconds] = [reporting.activeSeconds * lessOften, reporting.idleSeconds * lessOften];
      shortest = Math.min(shortest, activeSeconds, idleSeconds);
      const policy = new DataView(new ArrayBuffer(SET_POLICY.size));
      policy.setBigUint64(SET_POLICY.activeNs, BigInt(activeSeconds) * NANOS, true);
      policy.setBigUint64(SET_POLICY.idleNs, BigInt(idleSeconds) * NANOS, true);
      policy.setBigUint64(SET_POLICY.sampledBelow, BigInt(commonSampling(captures, oneIn)), true);
      policy.setUint32(SET_POLICY.role, commonRole(captures), true);
      policy.setUint32(SET_POLICY.relief, oneIn, true);
      const peers = this.#peers.commonId(captures.map((capture) => capture.peers));
      lists.add(peers);
      policy.setUint32(SET_POLICY.peers, peers, true);
      if (this.#write(set, new Uint8Array(policy.buffer)) === 'changed') changed = true;
    }
    this.#peers.keep(lists);
    this.#shortest = shortest;
    return changed;
  }

  /** From now on the agent does without so much; what has been said of sets holds otherwise. */
  relieve(relief: Relief): void {
    this.#relief = relief;
    this.write(this.#sets);
  }

  /** Until `calm`, every look reports the live connections of these sets. */
  hurry(sets: Iterable<number>): void {
    this.#hurried = new Set(sets);
    this.#tellAgain(this.#hurried);
  }

  /** What has been said of sets holds again. */
  calm(): void {
    const hurried = this.#hurried;
    this.#hurried = new Set();
    this.#tellAgain(hurried);
  }

  /** ms between two looks at the live connections, so that no report is late by much. */
  get lookMillis(): number {
    return Math.max(LEAST_LOOK_MILLIS, (this.#shortest * 1000) / LOOKS);
  }

  #write(set: number, policy: Uint8Array): 'same' | 'new' | 'changed' {
    const before = this.#written.get(set);
    if (before !== undefined && Buffer.compare(before, policy) === 0) return 'same';
    this.#tell(set, policy);
    this.#written.set(set, policy);
    return before === undefined ? 'new' : 'changed';
  }

  #tellAgain(sets: Iterable<number>): void {
    for (const set of sets) {
      const policy = this.#written.get(set);
      if (policy !== undefined) this.#tell(set, policy);
    }
  }

  #tell(set: number, policy: Uint8Array): void {
    const told = Uint8Array.from(policy);
    if (this.#hurried.has(set)) new DataView(told.buffer).setBigUint64(SET_POLICY.activeNs, EVERY_LOOK, true);
    this.#map.update(u32Key(set), told);
  }
}

/** Samplings nest: what no capture takes is not below the one of the capture that takes most. 0: some capture takes all. */
function commonSampling(captures: readonly Pick<PlanCapture, 'oneIn'>[], relief: number): number {
  const least = Math.min(...captures.map(({ oneIn = 1 }) => oneIn)) * relief;
  return least === 1 ? 0 : sampledBelow(least);
}

function commonRole(captures: readonly Pick<PlanCapture, 'direction'>[]): number {
  const [role = ROLE.unknown, ...others] = new Set(captures.map(({ direction }) => roleOf(direction)));
  return others.length === 0 ? role : ROLE.unknown;
}

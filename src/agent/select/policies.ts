/** Tells the kernel how the connections of each set of captures are reported while they live. */
import { SET_POLICY } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key } from '../load/bpf-map.ts';

/** How often a live connection is reported: the shortest times of the captures that select it. */
export interface Reporting {
  /** s between two reports of a connection that carries data. */
  readonly activeSeconds: number;
  /** s without data after which what is not reported yet is. */
  readonly idleSeconds: number;
}

export const DEFAULT_REPORTING: Reporting = { activeSeconds: 60, idleSeconds: 15 };

const NANOS = 1_000_000_000n;
/** Looks in the shortest of all times: a report is late by at most a fifth of it. */
const LOOKS = 5;
const LEAST_LOOK_MILLIS = 200;

export class Policies {
  readonly #map: Pick<BpfMap, 'update'>;
  readonly #reportingOf: (set: number) => Reporting;
  readonly #written = new Map<number, string>();
  #shortest = DEFAULT_REPORTING.idleSeconds;

  constructor(map: Pick<BpfMap, 'update'>, reportingOf: (set: number) => Reporting) {
    this.#map = map;
    this.#reportingOf = reportingOf;
  }

  /** Writes what changed; before anything in the kernel refers to one of these sets. @param sets ids from 1. */
  write(sets: Iterable<number>): void {
    let shortest = DEFAULT_REPORTING.idleSeconds;
    for (const set of sets) {
      const { activeSeconds, idleSeconds } = this.#reportingOf(set);
      shortest = Math.min(shortest, activeSeconds, idleSeconds);
      const text = `${activeSeconds} ${idleSeconds}`;
      if (this.#written.get(set) === text) continue;
      const policy = new DataView(new ArrayBuffer(SET_POLICY.size));
      policy.setBigUint64(SET_POLICY.activeNs, BigInt(activeSeconds) * NANOS, true);
      policy.setBigUint64(SET_POLICY.idleNs, BigInt(idleSeconds) * NANOS, true);
      this.#map.update(u32Key(set), new Uint8Array(policy.buffer));
      this.#written.set(set, text);
    }
    this.#shortest = shortest;
  }

  /** ms between two looks at the live connections, so that no report is late by much. */
  get lookMillis(): number {
    return Math.max(LEAST_LOOK_MILLIS, (this.#shortest * 1000) / LOOKS);
  }
}

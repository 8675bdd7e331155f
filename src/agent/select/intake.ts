/** One record's way from the ring to the router: decoded, matched to its captures, named, handed on; or counted. */

import type { CaptureSets } from '../../plan/sets.ts';
import type { Flow } from '../../record/flow.ts';
import type { TcpEvent } from '../decode/tcp.ts';
import type { CgroupOwners } from '../identify/cgroup-owners.ts';
import type { Inventory } from '../identify/inventory.ts';
import { matchedCaptures } from './matched.ts';

export interface IntakeSteps {
  readonly decode: (view: DataView, offset: number, length: number) => TcpEvent | undefined;
  readonly flow: (event: TcpEvent) => Flow;
  readonly route: (flow: Flow, captures: readonly number[]) => void;
}

export class Intake {
  readonly #steps: IntakeSteps;
  readonly #sets: CaptureSets;
  readonly #pods: Inventory;
  readonly #cgroups: CgroupOwners;
  readonly #provisional = new Map<number, number>();
  #malformed = 0;
  #notSelected = 0;
  #ownerUnknown = 0;

  constructor(steps: IntakeSteps, sets: CaptureSets, pods: Inventory, cgroups: CgroupOwners) {
    this.#steps = steps;
    this.#sets = sets;
    this.#pods = pods;
    this.#cgroups = cgroups;
  }

  /** Records that were not of this version's layout; whose they were cannot be known. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Records captured provisionally that no capture selects. */
  get notSelected(): number {
    return this.#notSelected;
  }

  /** Records captured provisionally whose cgroup was gone before it was known whose it is: a capture may have wanted them. */
  get ownerUnknown(): number {
    return this.#ownerUnknown;
  }

  /** By capture: records that the kernel captured provisionally, and so counted as nobody's. */
  get provisional(): ReadonlyMap<number, number> {
    return this.#provisional;
  }

  /** Takes one record of the ring. */
  readonly record = (view: DataView, offset: number, length: number): void => {
    const event = this.#steps.decode(view, offset, length);
    if (event === undefined) {
      this.#malformed++;
      return;
    }
    const { captures, provisional, ownerUnknown } = matchedCaptures(event, this.#sets, this.#cgroups, this.#pods);
    if (captures.length === 0) {
      if (ownerUnknown) this.#ownerUnknown++;
      else this.#notSelected++;
      return;
    }
    if (provisional) this.#countProvisional(captures);
    this.#steps.route(this.#steps.flow(event), captures);
  };

  #countProvisional(captures: readonly number[]): void {
    for (const capture of captures) this.#provisional.set(capture, (this.#provisional.get(capture) ?? 0) + 1);
  }
}

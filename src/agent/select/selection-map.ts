/** Keeps the kernel's selection map equal to what is desired. */
import { SET_NONE, SET_UNKNOWN } from '../../plan/sets.ts';
import { SELECTION_CONTROL } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key, u64Key } from '../load/bpf-map.ts';
import type { DesiredSelection } from './desired.ts';

const KEY_BYTES = 8;

/** The part of a BPF map that is needed here. */
export type SelectionTarget = Pick<BpfMap, 'keys' | 'lookup' | 'update' | 'delete' | 'maxEntries'>;
export type ControlTarget = Pick<BpfMap, 'lookup' | 'update'>;

/** Who is told of a write. */
export interface Told {
  /** Sets that are about to be referred to. */
  readonly before: (sets: Iterable<number>) => void;
  /** Something else is selected now. */
  readonly after: () => void;
}

/**
 * A cgroup that is gone keeps its entry while there is room: sockets outlive it, and a cgroup id is never used again. One
 * that is there and no longer listed loses it: a parent was unknown only until its pod came.
 * What does not fit is left to user space: the default becomes unknown, so that nothing selected is missed.
 */
export class SelectionMap {
  readonly #entries: SelectionTarget;
  readonly #control: ControlTarget;
  readonly #told: Told;
  readonly #written = new Map<number, number>();
  #defaultSet: number | undefined;
  #generation = 0;
  #omitted = 0;

  /** Goes on from what an earlier process has written; under a new generation, since it may not have come to that. */
  constructor(entries: SelectionTarget, control: ControlTarget, told: Told) {
    this.#entries = entries;
    this.#control = control;
    this.#told = told;
    for (const key of entries.keys(KEY_BYTES)) {
      const set = new Uint32Array(1);
      if (entries.lookup(key, new Uint8Array(set.buffer)))
        this.#written.set(Number(new DataView(key.buffer).getBigUint64(0, true)), set[0] ?? SET_NONE);
    }
    const written = new DataView(new ArrayBuffer(SELECTION_CONTROL.size));
    control.lookup(u32Key(0), new Uint8Array(written.buffer));
    this.#generation = written.getUint32(SELECTION_CONTROL.generation, true);
  }

  /** cgroups that did not fit at the last write. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Sets that some entry means, of cgroups that are gone too. */
  get sets(): ReadonlySet<number> {
    return new Set([...this.#written.values(), ...(this.#defaultSet === undefined ? [] : [this.#defaultSet])]);
  }

  /** Writes what changed; a change is a new generation, under which the kernel looks again at connections of before. */
  write(desired: DesiredSelection): void {
    this.#told.before(setsOf(desired));
    const changed = [...desired.entries].filter(([id, set]) => this.#written.get(id) !== set);
    this.#makeRoom(desired, changed.filter(([id]) => !this.#written.has(id)).length);
    this.#omitted = 0;
    for (const [id, set] of changed) {
      if (!this.#written.has(id) && this.#written.size >= this.#entries.maxEntries) {
        this.#omitted++;
        continue;
      }
      this.#entries.update(u64Key(id), u32Key(set));
      this.#written.set(id, set);
    }
    const unlisted = this.#removeUnlisted(desired);
    const wrote = unlisted > 0 || changed.length > this.#omitted;
    const defaultSet = this.#omitted > 0 ? SET_UNKNOWN : desired.defaultSet;
    if (!wrote && defaultSet === this.#defaultSet) return;
    this.#nextGeneration(defaultSet);
    this.#told.after();
  }

  /** After the writing: no socket of a pod that came meets neither its entry nor its parent's. Returns how many. */
  #removeUnlisted({ entries, present }: DesiredSelection): number {
    const unlisted = [...this.#written.keys()].filter((id) => present.has(id) && !entries.has(id));
    for (const id of unlisted) this.#remove(id);
    return unlisted.length;
  }

  /** Removes entries of cgroups that are gone, the oldest first, until `wanted` more fit. */
  #makeRoom(desired: DesiredSelection, wanted: number): void {
    for (const id of this.#written.keys()) {
      if (this.#written.size + wanted <= this.#entries.maxEntries) return;
      if (!desired.entries.has(id)) this.#remove(id);
    }
  }

  #remove(id: number): void {
    this.#entries.delete(u64Key(id));
    this.#written.delete(id);
  }

  #nextGeneration(defaultSet: number): void {
    this.#generation++;
    this.#defaultSet = defaultSet;
    const control = new DataView(new ArrayBuffer(SELECTION_CONTROL.size));
    control.setUint32(SELECTION_CONTROL.generation, this.#generation, true);
    control.setUint32(SELECTION_CONTROL.defaultSet, defaultSet, true);
    control.setUint32(SELECTION_CONTROL.listed, this.#written.size, true);
    this.#control.update(u32Key(0), new Uint8Array(control.buffer));
  }
}

function setsOf({ entries, defaultSet }: DesiredSelection): ReadonlySet<number> {
  const sets = new Set([...entries.values(), defaultSet]);
  sets.delete(SET_NONE);
  sets.delete(SET_UNKNOWN);
  return sets;
}

/** Keeps the kernel's selection map equal to what is desired. */
import { SET_UNKNOWN } from '../../plan/sets.ts';
import { SELECTION_CONTROL } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key, u64Key } from '../load/bpf-map.ts';
import type { DesiredSelection } from './desired.ts';

/** The part of a BPF map that is needed here. */
export type SelectionTarget = Pick<BpfMap, 'update' | 'delete' | 'maxEntries'>;

/**
 * A cgroup that is gone keeps its entry while there is room: sockets outlive it, and a cgroup id is never used again.
 * What does not fit is left to user space: the default becomes unknown, so that nothing selected is missed.
 */
export class SelectionMap {
  readonly #entries: SelectionTarget;
  readonly #control: Pick<BpfMap, 'update'>;
  readonly #written = new Map<number, number>();
  #defaultSet: number | undefined;
  #generation = 0;
  #omitted = 0;

  constructor(entries: SelectionTarget, control: Pick<BpfMap, 'update'>) {
    this.#entries = entries;
    this.#control = control;
  }

  /** cgroups that did not fit at the last write. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Writes what changed; a change is a new generation, under which the kernel looks again at connections of before. */
  write(desired: DesiredSelection): void {
    const changed = [...desired.entries].filter(([id, set]) => this.#written.get(id) !== set);
    this.#makeRoom(desired, changed.filter(([id]) => !this.#written.has(id)).length);
    const room = this.#entries.maxEntries - this.#written.size;
    let added = 0;
    this.#omitted = 0;
    for (const [id, set] of changed) {
      if (!this.#written.has(id) && ++added > room) {
        this.#omitted++;
        continue;
      }
      this.#entries.update(u64Key(id), u32Key(set));
      this.#written.set(id, set);
    }
    const defaultSet = this.#omitted > 0 ? SET_UNKNOWN : desired.defaultSet;
    if (changed.length > 0 || defaultSet !== this.#defaultSet) this.#nextGeneration(defaultSet);
  }

  /** Removes entries of cgroups that are gone, the oldest first, until `wanted` more fit. */
  #makeRoom(desired: DesiredSelection, wanted: number): void {
    for (const id of this.#written.keys()) {
      if (this.#written.size + wanted <= this.#entries.maxEntries) return;
      if (desired.entries.has(id)) continue;
      this.#entries.delete(u64Key(id));
      this.#written.delete(id);
    }
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

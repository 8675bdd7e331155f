import { beforeEach, describe, expect, it } from 'vitest';
import { SELECTION_CONTROL } from '../../../../src/agent/decode/layout.generated.ts';
import { SelectionMap, type SelectionTarget } from '../../../../src/agent/select/selection-map.ts';
import { SET_NONE, SET_UNKNOWN } from '../../../../src/plan/sets.ts';

/** A map of the kernel in memory, which refuses what the kernel would refuse. */
class MemoryMap implements SelectionTarget {
  readonly maxEntries: number;
  readonly held = new Map<number, Uint8Array>();
  readonly log: string[] = [];

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  keys(bytes: number): Uint8Array[] {
    return Array.from(this.held.keys(), (id) => {
      const key = new Uint8Array(bytes);
      new DataView(key.buffer).setBigUint64(0, BigInt(id), true);
      return key;
    });
  }

  lookup(key: Uint8Array, value: Uint8Array): boolean {
    const held = this.held.get(numberOf(key));
    if (held !== undefined) value.set(held);
    return held !== undefined;
  }

  update(key: Uint8Array, value: Uint8Array): void {
    const id = numberOf(key);
    if (!this.held.has(id) && this.held.size >= this.maxEntries) throw new Error('E2BIG');
    this.held.set(id, value);
    this.log.push(`${id}=${numberOf(value.subarray(0, 4))}`);
  }

  delete(key: Uint8Array): void {
    this.held.delete(numberOf(key));
    this.log.push(`-${numberOf(key)}`);
  }

  /** What was done since the last call. */
  takeLog(): string[] {
    return this.log.splice(0);
  }
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

const CAPACITY = 4;
let target: MemoryMap;
let control: MemoryMap;
let map: SelectionMap;
let told: string[];

beforeEach(() => {
  target = new MemoryMap(CAPACITY);
  control = new MemoryMap(1);
  told = [];
  map = new SelectionMap(target, control, {
    before: (sets) => told.push(`sets ${[...sets].join(' ')}`),
    after: () => told.push('reselected'),
  });
});

/** `gone`: cgroups that are listed no longer because they are not there. Every other id is there. */
function write(entries: Readonly<Record<number, number>>, { gone = [] as number[], defaultSet = SET_NONE } = {}): void {
  const listed = new Map(Object.entries(entries).map(([id, set]) => [Number(id), set]));
  const present = new Set([...listed.keys(), ...target.held.keys()].filter((id) => !gone.includes(id)));
  map.write({ defaultSet, entries: listed, present, refused: new Set() });
}

function controlNow(): { generation: number; defaultSet: number; listed: number } {
  const bytes = control.held.get(0) ?? new Uint8Array(SELECTION_CONTROL.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    generation: view.getUint32(SELECTION_CONTROL.generation, true),
    defaultSet: view.getUint32(SELECTION_CONTROL.defaultSet, true),
    listed: view.getUint32(SELECTION_CONTROL.listed, true),
  };
}

describe('a selection map', () => {
  it('writes every entry once, and the control after them', () => {
    write({ 1: 5, 4_294_967_297: SET_NONE }, { defaultSet: 3 });
    expect(target.takeLog()).toEqual(['1=5', '4294967297=0']);
    expect(controlNow()).toEqual({ generation: 1, defaultSet: 3, listed: 2 });
  });

  it('writes only what changed, each change under a new generation', () => {
    write({ 1: 5, 2: 6 });
    target.takeLog();
    write({ 1: 5, 2: 7 });
    expect(target.takeLog()).toEqual(['2=7']);
    expect(controlNow().generation).toBe(2);
    write({ 1: 5, 2: 7 });
    expect(target.takeLog()).toEqual([]);
    expect(controlNow().generation).toBe(2);
  });

  it('writes the control for an empty selection too, once', () => {
    write({});
    write({});
    expect(controlNow()).toEqual({ generation: 1, defaultSet: SET_NONE, listed: 0 });
    expect(control.log).toHaveLength(1);
  });

  it('makes a new generation for another default alone', () => {
    write({});
    write({}, { defaultSet: 8 });
    expect(controlNow()).toEqual({ generation: 2, defaultSet: 8, listed: 0 });
  });

  it('keeps the entry of a cgroup that is gone while there is room: its sockets may outlive it', () => {
    write({ 1: 5, 2: 6 });
    target.takeLog();
    write({ 2: 6 }, { gone: [1] });
    expect(target.takeLog()).toEqual([]);
    expect(controlNow()).toEqual({ generation: 1, defaultSet: SET_NONE, listed: 2 });
  });

  it('takes back the entry of a cgroup that is there and no longer listed, after writing what came', () => {
    write({ 1: SET_UNKNOWN });
    target.takeLog();
    write({ 9: 5 });
    expect(target.takeLog()).toEqual(['9=5', '-1']);
    expect(controlNow()).toEqual({ generation: 2, defaultSet: SET_NONE, listed: 1 });
  });

  it('gives up the entries of gone cgroups, the oldest first, only when room is needed', () => {
    write({ 1: 5, 2: 6, 3: 7, 4: 8 });
    target.takeLog();
    write({ 3: 7, 4: 8, 5: 9 }, { gone: [1, 2] });
    expect(target.takeLog()).toEqual(['-1', '5=9']);
    expect([...target.held.keys()]).toEqual([2, 3, 4, 5]);
    expect(map.omitted).toBe(0);
  });

  it('leaves what does not fit to user space: the default becomes unknown until it fits', () => {
    write({ 1: 5, 2: 6, 3: 7, 4: 8, 5: 9, 6: 9 });
    expect(map.omitted).toBe(2);
    expect(controlNow()).toEqual({ generation: 1, defaultSet: SET_UNKNOWN, listed: CAPACITY });
    write({ 1: 5, 2: 6, 5: 9, 6: 9 }, { gone: [3, 4] });
    expect(map.omitted).toBe(0);
    expect(new Set(target.held.keys())).toEqual(new Set([1, 2, 5, 6]));
    expect(controlNow()).toEqual({ generation: 2, defaultSet: SET_NONE, listed: CAPACITY });
  });

  it('makes no new generation for what still does not fit', () => {
    const tooMany = { 1: 5, 2: 6, 3: 7, 4: 8, 5: 9 };
    write(tooMany);
    write(tooMany);
    expect(controlNow().generation).toBe(1);
  });

  it('changes an entry also when the map is full', () => {
    write({ 1: 5, 2: 6, 3: 7, 4: 8 });
    write({ 1: 9, 2: 6, 3: 7, 4: 8 });
    expect(map.omitted).toBe(0);
    expect(numberOf(target.held.get(1) ?? new Uint8Array())).toBe(9);
  });

  it('goes on where another process has ended, under a generation of its own', () => {
    write({ 1: 5, 4_294_967_297: 6, 3: 7 }, { defaultSet: 3 });
    target.takeLog();
    map = new SelectionMap(target, control, { before: () => undefined, after: () => undefined });
    expect(map.sets).toEqual(new Set([5, 6, 7]));
    write({ 1: 5, 4_294_967_297: 8 }, { defaultSet: 3, gone: [3] });
    expect(target.takeLog()).toEqual(['4294967297=8']);
    expect(controlNow()).toEqual({ generation: 2, defaultSet: 3, listed: 3 });
    write({ 1: 5, 4_294_967_297: 8 }, { defaultSet: 3, gone: [3] });
    expect(controlNow().generation).toBe(2);
  });
});

/** Keeps lists of far sides in the kernel: one for each that some set's captures have in common, by an id of its own. */
import { canonicalJson } from '../../plan/canonical.ts';
import type { PlanPeer } from '../../plan/plan.ts';
import { PEER_KEY, PEER_LIST } from '../decode/layout.generated.ts';
import { type BpfMap, u32Key } from '../load/bpf-map.ts';
import { type MaskedPrefix, type PeerMasks, peerMasks, WIDTH_OF } from './peer-masks.ts';
import { peerRules } from './peer-rules.ts';

type Target = Pick<BpfMap, 'keys' | 'update' | 'delete' | 'maxEntries'>;

/** In the place of an id: user space decides. */
export const NO_LIST = 0;
/** A program that has just read an id is done with the list long before. */
const REST_MILLIS = 1000;
/** Bits of a key that always count: list and kind. */
const FIXED_BITS = 64;

interface Written {
  readonly id: number;
  /** Of its entries among the masks. */
  readonly keys: readonly Uint8Array[];
  /** When it was last asked for. */
  askedAt: number;
}

/**
 * A list is written whole before anybody refers to its id, and never changed, so that no connection meets half of one and half
 * of another. What does not fit is left to user space, which decides alike.
 */
export class PeerLists {
  readonly #lists: Target;
  readonly #masks: Target;
  readonly #now: () => number;
  readonly #written = new Map<string, Written>();
  /** Plans stay for long, and are looked at often. */
  readonly #keys = new WeakMap<readonly PlanPeer[], string>();
  #nextId = NO_LIST + 1;
  #entries = 0;
  readonly #omitted = new Set<string>();

  /**
   * Lists of an earlier process keep their ids, until nobody refers to them any more.
   * @param now ms since some instant; never steps.
   */
  constructor(lists: Target, masks: Target, now: () => number) {
    this.#lists = lists;
    this.#masks = masks;
    this.#now = now;
    const keys = Map.groupBy(masks.keys(PEER_KEY.size), listOf);
    const ids = new Set([...keys.keys(), ...lists.keys(u32Key(NO_LIST).length).map(idOf)]);
    for (const id of ids) {
      const of = keys.get(id) ?? [];
      this.#written.set(`former ${id}`, { id, keys: of, askedAt: now() });
      this.#entries += of.length;
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
  }

  /** Lists that did not fit when they were asked for last. */
  get omitted(): number {
    return this.#omitted.size;
  }

  /** The list that all of these are, as soon as it is in the kernel; NO_LIST where they differ, or where it does not fit. */
  commonId(all: readonly (readonly PlanPeer[] | undefined)[]): number {
    const [peers, ...others] = new Map(all.map((list) => [list === undefined ? '' : this.#keyOf(list), list])).values();
    return peers === undefined || others.length > 0 ? NO_LIST : this.#idOf(this.#keyOf(peers), peers);
  }

  /** Removes lists that nobody refers to, once no program can be in the middle of one. @param used ids. */
  keep(used: ReadonlySet<number>): void {
    for (const [key, written] of this.#written) {
      if (used.has(written.id)) written.askedAt = this.#now();
      else if (this.#now() - written.askedAt >= REST_MILLIS) this.#remove(key, written);
    }
  }

  #keyOf(peers: readonly PlanPeer[]): string {
    const known = this.#keys.get(peers) ?? canonicalJson(peers);
    this.#keys.set(peers, known);
    return known;
  }

  #idOf(key: string, peers: readonly PlanPeer[]): number {
    const written = this.#written.get(key) ?? this.#write(key, peers);
    if (written === undefined) this.#omitted.add(key);
    else {
      this.#omitted.delete(key);
      written.askedAt = this.#now();
    }
    return written?.id ?? NO_LIST;
  }

  #write(key: string, peers: readonly PlanPeer[]): Written | undefined {
    // Whose pods a selector means does not matter here: that it selects by label is all that the kernel knows.
    const masks = peerMasks(peerRules(peers, ''));
    const room = this.#entries + masks.prefixes.length <= this.#masks.maxEntries;
    if (!room || this.#written.size >= this.#lists.maxEntries) return undefined;
    const id = this.#nextId++;
    const entries = masks.prefixes.map((prefix) => ({ key: keyBytes(id, prefix), mask: prefix.mask }));
    const written = { id, keys: entries.map((entry) => entry.key), askedAt: this.#now() };
    for (const entry of entries) this.#masks.update(entry.key, new Uint8Array(BigUint64Array.of(entry.mask).buffer));
    this.#lists.update(u32Key(written.id), listBytes(masks));
    this.#entries += masks.prefixes.length;
    this.#written.set(key, written);
    return written;
  }

  #remove(key: string, { id, keys }: Written): void {
    this.#lists.delete(u32Key(id));
    for (const entry of keys) this.#masks.delete(entry);
    this.#entries -= keys.length;
    this.#written.delete(key);
  }
}

function idOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

function listOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(PEER_KEY.list, true);
}

function listBytes({ anyAddress, anyPort, byLabel, included, includedOtherwise }: PeerMasks): Uint8Array {
  const list = new DataView(new ArrayBuffer(PEER_LIST.size));
  list.setBigUint64(PEER_LIST.anyAddress, anyAddress, true);
  list.setBigUint64(PEER_LIST.anyPort, anyPort, true);
  list.setBigUint64(PEER_LIST.byLabel, byLabel, true);
  list.setBigUint64(PEER_LIST.included, included, true);
  list.setUint32(PEER_LIST.includedOtherwise, Number(includedOtherwise), true);
  return new Uint8Array(list.buffer);
}

function keyBytes(list: number, { kind, prefix, length }: MaskedPrefix): Uint8Array {
  const key = new DataView(new ArrayBuffer(PEER_KEY.size));
  key.setUint32(PEER_KEY.prefixLength, FIXED_BITS + length, true);
  key.setUint32(PEER_KEY.list, list, true);
  key.setUint32(PEER_KEY.kind, kind, true);
  const width = WIDTH_OF[kind] ?? 0;
  const value = prefix << BigInt(width - length);
  for (let byte = 0; byte * 8 < width; byte++) {
    key.setUint8(PEER_KEY.value + byte, Number(BigInt.asUintN(8, value >> BigInt(width - 8 * (byte + 1)))));
  }
  return new Uint8Array(key.buffer);
}

import { beforeEach, describe, expect, test } from 'vitest';
import { NO_LIST, PeerLists } from '../../../../src/agent/select/peer-lists.ts';

/** A map of the kernel: what is in it, by the bytes of the key. */
class KernelMap {
  readonly maxEntries: number;
  readonly entries = new Map<string, Uint8Array>();

  constructor(maxEntries: number) {
    this.maxEntries = maxEntries;
  }

  update(key: Uint8Array, value: Uint8Array): void {
    this.entries.set(Buffer.from(key).toString('hex'), value);
    if (this.entries.size > this.maxEntries) throw new Error('E2BIG');
  }

  delete(key: Uint8Array): void {
    this.entries.delete(Buffer.from(key).toString('hex'));
  }

  keys(bytes: number): Uint8Array[] {
    return this.held.map((key) => {
      const held = new Uint8Array(bytes);
      held.set(Buffer.from(key, 'hex'));
      return held;
    });
  }

  get held(): string[] {
    return [...this.entries.keys()].toSorted();
  }
}

const peers = (port: number, cidr = '10.0.0.0/8') => [
  { action: 'Exclude' as const, cidrs: [cidr], ports: [String(port)] },
];

let lists: KernelMap;
let masks: KernelMap;
let now: number;
let made: PeerLists;

beforeEach(() => {
  lists = new KernelMap(4);
  masks = new KernelMap(6);
  now = 0;
  made = new PeerLists(lists, masks, () => now);
});

describe('a list of peers', () => {
  test('is written once, however often it is asked for, each under an id of its own', () => {
    expect([peers(53), peers(53), peers(80), peers(53)].map((list) => made.commonId([list, list]))).toEqual([
      1, 1, 2, 1,
    ]);
    expect(lists.held).toEqual(['01000000', '02000000']);
    // prefix length, list, kind, value: 10.0.0.0/8 and port 53, all of their bits.
    expect(masks.held.slice(0, 2)).toEqual([
      `48000000 01000000 04000000 0a${'00'.repeat(15)}`.replaceAll(' ', ''),
      `48000000 02000000 04000000 0a${'00'.repeat(15)}`.replaceAll(' ', ''),
    ]);
    expect(masks.held).toContain(`50000000 01000000 01000000 0035${'00'.repeat(14)}`.replaceAll(' ', ''));
  });

  test('is none where captures differ, or ask for nothing', () => {
    expect([[], [undefined], [peers(53), peers(80)], [peers(53), undefined]].map((all) => made.commonId(all))).toEqual(
      Array(4).fill(NO_LIST),
    );
    expect(lists.entries.size + masks.entries.size).toBe(0);
  });

  test('goes when nobody refers to it, but not while a program may be in the middle of it', () => {
    made.commonId([peers(53)]);
    const used = made.commonId([peers(80)]);
    now = 999;
    made.keep(new Set([used]));
    expect(lists.entries.size).toBe(2);
    now = 1000;
    made.keep(new Set([used]));
    expect(lists.held).toEqual(['02000000']);
    expect(masks.entries.size).toBe(2);
    expect(made.commonId([peers(53)])).toBe(3);
  });

  test('that does not fit is left to user space, and comes when there is room', () => {
    for (const port of [1, 2, 3]) made.commonId([peers(port)]);
    expect(made.commonId([peers(4)])).toBe(NO_LIST);
    expect(made.omitted).toBe(1);
    now = 5000;
    made.keep(new Set([1, 2]));
    expect(made.commonId([peers(4)])).toBe(4);
    expect(made.omitted).toBe(0);
    expect(masks.entries.size).toBe(6);
  });

  test('of an earlier process stays until nobody refers to it, and its id is not given again', () => {
    const [dns, web] = [peers(53), peers(80)];
    expect([dns, web].map((list) => made.commonId([list]))).toEqual([1, 2]);
    const next = new PeerLists(lists, masks, () => now);
    expect(next.commonId([dns])).toBe(3);
    next.keep(new Set([3, 2]));
    expect(lists.held).toEqual(['01000000', '02000000', '03000000']);
    now = 1000;
    next.keep(new Set([3, 2]));
    expect(lists.held).toEqual(['02000000', '03000000']);
    expect(masks.held.filter((key) => key.slice(8, 10) === '01')).toEqual([]);
    now = 2000;
    next.keep(new Set([3]));
    expect(lists.held).toEqual(['03000000']);
    expect(masks.held).toHaveLength(2);
    // Their room is free again.
    for (const port of [1, 2]) expect(next.commonId([peers(port)])).not.toBe(NO_LIST);
  });
});

import { describe, expect, it } from 'vitest';
import { LEDGER_ENTRY, NODE_COUNTERS } from '../../../../src/agent/decode/layout.generated.ts';
import { type KernelCounters, KernelCounts } from '../../../../src/agent/report/kernel-counts.ts';
import { CaptureSets } from '../../../../src/plan/sets.ts';
import { capture, compile } from '../../plan/builders.ts';

/** Sums by ledger entry, as {observed, ring full, too many, no storage}. */
type Ledger = Readonly<Record<number, readonly number[]>>;

function countersOf(ledger: Ledger, node: readonly number[] = [0, 0, 0, 0], open = 0): KernelCounters {
  return {
    ledger: {
      sumPerCpu(key, fields) {
        expect(fields).toBe(LEDGER_ENTRY.size / 8);
        return [...(ledger[new Uint32Array(key.slice().buffer)[0] ?? -1] ?? [0, 0, 0, 0])];
      },
    },
    nodeCounters: {
      sumPerCpu(_, fields) {
        expect(fields).toBe(NODE_COUNTERS.size / 8);
        return [...node];
      },
    },
    connectionCount: {
      lookup(_, value) {
        value.set(new Uint8Array(BigUint64Array.of(BigInt(open)).buffer));
        return true;
      },
    },
    missedRuns: () => 15,
  };
}

function counts(ledger: Ledger, node?: readonly number[], open?: number): KernelCounts {
  const all = capture('shop/all', { podSelector: {} });
  const web = capture('shop/web', { podSelector: { matchLabels: { app: 'web' } } });
  const none = capture('shop/zero', { podSelector: { matchLabels: { app: 'zero' } } });
  const sets = new CaptureSets(compile([all, web, none]).plan);
  // Set 1: all alone. Set 2: all and web.
  sets.setFor({ namespace: 'shop', labels: { app: 'db' }, namespaceLabels: {} });
  sets.setFor({ namespace: 'shop', labels: { app: 'web' }, namespaceLabels: {} });
  const kernel = new KernelCounts(sets);
  kernel.begin(countersOf(ledger, node, open));
  return kernel;
}

describe('the counts of the kernel', () => {
  it('of a capture are the sums of the sets that it is in', () => {
    const ledger = { 1: [100, 1, 2, 3, 4, 5, 6], 2: [1000, 10, 20, 30, 40, 50, 60], 3: [7, 7, 7, 7, 7, 7, 7] };
    expect([...counts(ledger).byCapture(new Map())]).toEqual([
      [
        0,
        {
          observed: 1100,
          filtered: { direction: 44, peer: 55 },
          sampledOut: 66,
          lost: { ringFull: 11, tooManyConnections: 22, storageUnavailable: 33 },
        },
      ],
      [
        1,
        {
          observed: 1000,
          filtered: { direction: 40, peer: 50 },
          sampledOut: 60,
          lost: { ringFull: 10, tooManyConnections: 20, storageUnavailable: 30 },
        },
      ],
    ]);
  });

  it('are completed by what was captured provisionally, which the kernel counted for nobody', () => {
    const provisional = new Map([
      [0, 5],
      [2, 7],
    ]);
    const all = [...counts({ 1: [100, 0, 0, 0] }).byCapture(provisional)];
    expect(all.map(([index, { observed }]) => [index, observed])).toEqual([
      [0, 105],
      [1, 0],
      [2, 7],
    ]);
  });

  it('of the node are those of no capture, with what was lost before it was known whose it was', () => {
    expect(counts({ 0: [9, 1, 20, 300] }, [11, 12, 13, 14, 16, 17], 2 ** 33).node()).toEqual({
      joined: 11,
      joinMissed: 12,
      joinAmbiguous: 13,
      unselected: 14,
      postponed: 16,
      takenOver: 17,
      lostUnknown: 321,
      missedStateChanges: 15,
      openConnections: 8_589_934_592,
    });
  });

  it('go on when the program is loaded anew, which counts from zero', () => {
    const kernel = counts({ 0: [0, 1, 0, 0], 1: [100, 1, 0, 0] }, [11, 0, 0, 0], 4);
    kernel.end();
    const ended = { joined: 11, lostUnknown: 1, missedStateChanges: 15, openConnections: 0 };
    expect(kernel.node()).toMatchObject(ended);
    expect(kernel.byCapture(new Map()).get(0)).toMatchObject({ observed: 100, lost: { ringFull: 1 } });
    kernel.begin(countersOf({ 1: [7, 0, 0, 0] }, [1, 0, 0, 0], 2));
    expect(kernel.node()).toMatchObject({ joined: 12, missedStateChanges: 30, openConnections: 2 });
    expect(kernel.byCapture(new Map()).get(0)).toMatchObject({ observed: 107, lost: { ringFull: 1 } });
    kernel.forget(0);
    expect(kernel.byCapture(new Map()).get(0)).toMatchObject({ observed: 7 });
  });

  it("stay with a set's former captures when its number comes to mean others", () => {
    const captures = new Map([[1, [0]]]);
    const sets = { size: 1, capturesOf: (id: number) => captures.get(id) ?? [] };
    const ledger: Record<number, number[]> = { 1: [100, 0, 0, 0] };
    const kernel = new KernelCounts(sets);
    kernel.begin(countersOf(ledger));
    kernel.recycled(1, [0]);
    captures.set(1, [5]);
    ledger[1] = [103, 0, 0, 0];
    const observedNow = () => Array.from(kernel.byCapture(new Map()), ([index, { observed }]) => [index, observed]);
    expect(observedNow()).toEqual([
      [0, 100],
      [5, 3],
    ]);
    kernel.end();
    expect(observedNow()).toEqual([
      [0, 100],
      [5, 3],
    ]);
  });
});

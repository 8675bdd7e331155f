import { describe, expect, it } from 'vitest';
import { LEDGER_ENTRY, NODE_COUNTERS } from '../../../../src/agent/decode/layout.generated.ts';
import { type KernelCounters, KernelCounts } from '../../../../src/agent/report/kernel-counts.ts';
import { CaptureSets } from '../../../../src/plan/sets.ts';
import { capture, compile } from '../../plan/builders.ts';

/** Sums by ledger entry, as {observed, ring full, too many, no storage}. */
type Ledger = Readonly<Record<number, readonly number[]>>;

function counts(ledger: Ledger, node: readonly number[] = [0, 0, 0, 0], open = 0): KernelCounts {
  const counters: KernelCounters = {
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
  const all = capture('shop/all', { podSelector: {} });
  const web = capture('shop/web', { podSelector: { matchLabels: { app: 'web' } } });
  const none = capture('shop/zero', { podSelector: { matchLabels: { app: 'zero' } } });
  const sets = new CaptureSets(compile([all, web, none]).plan);
  // Set 1: all alone. Set 2: all and web.
  sets.setFor({ namespace: 'shop', labels: { app: 'db' }, namespaceLabels: {} });
  sets.setFor({ namespace: 'shop', labels: { app: 'web' }, namespaceLabels: {} });
  return new KernelCounts(counters, sets, 3);
}

const NOTHING_LOST = { ringFull: 0, tooManyConnections: 0, storageUnavailable: 0 };

describe('the counts of the kernel', () => {
  it('of a capture are the sums of the sets that it is in', () => {
    const ledger = { 1: [100, 1, 2, 3], 2: [1000, 10, 20, 30], 3: [7, 7, 7, 7] };
    expect(counts(ledger).byCapture(new Map())).toEqual([
      { observed: 1100, lost: { ringFull: 11, tooManyConnections: 22, storageUnavailable: 33 } },
      { observed: 1000, lost: { ringFull: 10, tooManyConnections: 20, storageUnavailable: 30 } },
      { observed: 0, lost: NOTHING_LOST },
    ]);
  });

  it('are completed by what was captured provisionally, which the kernel counted for nobody', () => {
    const provisional = new Map([
      [0, 5],
      [2, 7],
    ]);
    const observed = counts({ 1: [100, 0, 0, 0] }).byCapture(provisional);
    expect(observed.map((totals) => totals.observed)).toEqual([105, 0, 7]);
  });

  it('of the node are those of no capture, with what was lost before it was known whose it was', () => {
    expect(counts({ 0: [9, 1, 20, 300] }, [11, 12, 13, 14], 2 ** 33).node()).toEqual({
      joined: 11,
      joinMissed: 12,
      joinAmbiguous: 13,
      unselected: 14,
      lostUnknown: 321,
      missedStateChanges: 15,
      openConnections: 8_589_934_592,
    });
  });
});

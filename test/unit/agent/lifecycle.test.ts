import { describe, expect, it } from 'vitest';
import { type Parts, running } from '../../../src/agent/lifecycle.ts';
import { Ledger } from '../../../src/export/ledger.ts';
import { RouteTable } from '../../../src/export/routes.ts';

const NODE = {
  joined: 0,
  joinMissed: 0,
  joinAmbiguous: 0,
  unselected: 0,
  lostUnknown: 0,
  missedStateChanges: 0,
  openConnections: 0,
};

const BOUNDS = { cgroupsOmitted: 5, selectionOmitted: 6, setOverflows: 7 };

/** Parts that write down what is done with them; the kernel has counted 3 records of the one capture. */
function parts(change: Partial<Parts> = {}): { readonly steps: string[]; readonly wired: Parts } {
  const steps: string[] = [];
  let released = false;
  const read = <T>(value: T): T => {
    if (released) throw new Error('EBADF');
    return value;
  };
  const lost = { ringFull: 0, tooManyConnections: 0, storageUnavailable: 0 };
  const wired: Parts = {
    program: { detach: () => void steps.push('detach') },
    loop: { stop: async () => void steps.push('empty the ring') },
    exporters: [{ drain: async () => void steps.push('empty the queue') }],
    ledger: new Ledger(new RouteTable([{ name: 'shop/all', exports: [] }])),
    counts: { byCapture: () => read([{ observed: 3, lost }]), node: () => read(NODE) },
    intake: { malformed: 1, notSelected: 2, ownerUnknown: 4, provisional: new Map() },
    bounds: () => BOUNDS,
    guarded: { faulty: 3 },
    opened: {
      [Symbol.dispose]() {
        released = true;
        steps.push('release');
      },
    },
    ...change,
  };
  return { steps, wired };
}

describe('an agent that is stopped', () => {
  it('takes no new records, empties ring and queues, counts, and releases everything, once', async () => {
    const { steps, wired } = parts();
    const agent = running(wired);
    const [first, second] = await Promise.all([agent.stop(), agent.stop()]);
    expect(first).toBe(second);
    expect(first.node).toEqual({ ...NODE, ...BOUNDS, malformed: 1, notSelected: 2, ownerUnknown: 4, faulty: 3 });
    expect(first.accounts).toMatchObject([{ capture: 'shop/all', observed: 3, unaccounted: 3 }]);
    expect(steps).toEqual(['detach', 'empty the ring', 'empty the queue', 'release']);
  });

  it('reports its last counts from then on: the counters of the kernel are gone', async () => {
    const agent = running(parts().wired);
    expect(agent.report()).toEqual(await agent.stop());
    expect(agent.report()).toBe(await agent.stop());
  });

  it('releases everything also when its counts cannot be read', async () => {
    const counts = { byCapture: () => [], node: () => expect.unreachable('the counts cannot be read') };
    const { steps, wired } = parts({ counts });
    await expect(running(wired).stop()).rejects.toThrow('the counts cannot be read');
    expect(steps.at(-1)).toBe('release');
  });
});

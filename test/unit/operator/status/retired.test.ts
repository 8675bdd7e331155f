import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AgentRow, retire } from '../../../../src/operator/status/retired.ts';

type Row = { readonly lost: number };
const NONE = { sums: { lost: 0 }, agents: [] };
const row = (agent: string, lost: number, terminating = false): AgentRow<Row> => ({
  agent,
  node: `node-${agent}`,
  terminating,
  alive: !terminating,
  row: { lost },
});
const count = ({ lost }: Row) => lost;

describe('retire', () => {
  test('takes over what a FlowAgent that is being deleted has counted, and lets the others count', () => {
    const { retired, live } = retire(NONE, [row('a', 5), row('b', 7, true)], () => true, count);
    expect(retired).toEqual({ sums: { lost: 7 }, agents: ['b'] });
    expect(live).toEqual([row('a', 5)]);
  });

  test('takes nothing over twice, and forgets a FlowAgent only once it is gone', () => {
    const once = { sums: { lost: 7 }, agents: ['b'] };
    expect(retire(once, [row('b', 7, true)], () => true, count)).toEqual({ retired: once, live: [] });
    expect(retire(once, [], () => false, count)).toEqual({ retired: { sums: { lost: 7 }, agents: [] }, live: [] });
  });

  test('takes over 128 at most at a time: the others count by themselves until then', () => {
    const rows = Array.from({ length: 131 }, (_, index) => row(`a${index}`, 1, true));
    const first = retire(NONE, rows, () => true, count);
    expect([first.retired.sums.lost, first.retired.agents.length, first.live.length]).toEqual([128, 128, 3]);
    const gone = new Set(first.retired.agents);
    const second = retire(first.retired, first.live, (agent) => !gone.has(agent), count);
    expect([second.retired.sums.lost, second.retired.agents, second.live]).toEqual([131, ['a128', 'a129', 'a130'], []]);
  });

  test('totals never step back, whatever agents count, are deleted and go, and whichever writes are lost', () => {
    const step = fc.record({
      slot: fc.integer({ min: 0, max: 4 }),
      what: fc.constantFrom('count', 'delete', 'write', 'go'),
      by: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const agents = new Map<string, { lost: number; terminating: boolean }>();
        const generation = [0, 0, 0, 0, 0];
        let stored: { sums: { lost: number }; agents: readonly string[] } = NONE;
        let counted = 0;
        for (const { slot, what, by } of steps) {
          // A FlowAgent that has gone and comes again has another uid.
          const uid = `${slot}.${generation[slot]}`;
          const { lost, terminating } = agents.get(uid) ?? { lost: 0, terminating: false };
          if (what === 'count' && !terminating) {
            agents.set(uid, { lost: lost + by, terminating });
            counted += by;
          }
          if (what === 'delete' && agents.has(uid)) agents.set(uid, { lost, terminating: true });
          // The finalizer is taken off only where the write has reached the API server.
          if (what === 'go' && stored.agents.includes(uid) && agents.delete(uid))
            generation[slot] = (generation[slot] ?? 0) + 1;
          const rows = [...agents].map(([agent, report]) => row(agent, report.lost, report.terminating));
          const { retired, live } = retire(stored, rows, (agent) => agents.has(agent), count);
          expect(retired.sums.lost + live.reduce((sum, entry) => sum + entry.row.lost, 0)).toBe(counted);
          // Any other look ends in a write that is lost, as when the operator is killed.
          if (what === 'write') stored = retired;
        }
      }),
    );
  });
});

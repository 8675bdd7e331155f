import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { AgentStatus } from '../../../../src/agent/cluster/standing.ts';
import { Totals } from '../../../../src/agent/cluster/totals.ts';
import type { SavedTotals } from '../../../../src/agent/restart/saved-totals.ts';
import type { CaptureReport } from '../../../../src/api/types.generated.ts';
import { account, agentReport, exportAccount } from './reports.ts';

const FLOWS = { observed: 100, exported: 70, filtered: 20, sampledOut: 3, lost: 7 };
const COUNTED = account(0, {
  observed: 23,
  exported: 11,
  sampledOut: 2,
  filtered: { ...account(0).filtered, notSelected: 3, captureEnded: 1 },
  lost: { ...account(0).lost, ringFull: 1, sinkFailed: 5 },
});

let totals: Totals;

function row(flows: CaptureReport['flows']): CaptureReport {
  return { uid: 'uid-c0', name: 'shop/c0', generation: 1, state: 'Programmed', ...(flows && { flows }) };
}

beforeEach(() => {
  totals = new Totals();
});

describe('the totals of a FlowAgent', () => {
  test('are what an earlier process has reported and what this one has counted, every reason in its sum', () => {
    totals.begin('one', { captures: [row(FLOWS)] }, agentReport());
    const sums = { observed: 123, exported: 81, filtered: 24, sampledOut: 5, lost: 13 };
    expect(totals.flows('uid-c0', COUNTED)).toEqual(sums);
  });

  test('hold what was counted between the start of the programs and the moment at which the object is known', () => {
    totals.begin('one', { captures: [row({ observed: 100 })] }, agentReport([account(0, { observed: 3 })]));
    expect(totals.flows('uid-c0', account(0, { observed: 5 })).observed).toBe(105);
  });

  test('go on where the same FlowAgent is begun again, as with every plan', () => {
    totals.begin('one', { captures: [row(FLOWS)] }, agentReport());
    totals.begin('one', {}, agentReport([COUNTED]));
    expect(totals.flows('uid-c0', COUNTED).observed).toBe(123);
    expect(totals.formerCaptures).toEqual([row(FLOWS)]);
  });

  test('begin anew with a FlowAgent that takes the place of another, and at what that one says', () => {
    const delivered = exportAccount(0, { delivered: 10, dropped: 4 });
    totals.begin('one', { captures: [row(FLOWS)] }, agentReport());
    totals.begin('two', {}, agentReport([COUNTED], [delivered]));
    expect(totals.flows('uid-c0', COUNTED)).toEqual({ observed: 0, exported: 0, filtered: 0, sampledOut: 0, lost: 0 });
    expect(totals.deliveries('uid-x0', delivered)).toEqual({ delivered: 0, dropped: 0 });
    const later = exportAccount(0, { delivered: 17, dropped: 5 });
    expect(totals.deliveries('uid-x0', later)).toEqual({ delivered: 7, dropped: 1 });
    totals.begin('three', { captures: [row({ observed: 1000 })] }, agentReport([COUNTED], [later]));
    expect(totals.flows('uid-c0', { ...COUNTED, observed: 30 }).observed).toBe(1007);
  });

  test('of a capture that was forgotten and comes again are never below zero', () => {
    totals.begin('one', {}, agentReport());
    totals.begin('two', {}, agentReport([COUNTED]));
    expect(totals.flows('uid-c0', undefined).observed).toBe(0);
    // It has another index, and counts from zero.
    expect(totals.flows('uid-c0', account(1, { uid: 'uid-c0', observed: 2 })).observed).toBe(2);
  });

  test('go on with the counts of a process before: what that one had reported is not counted twice', () => {
    totals.begin('one', { captures: [row({ observed: 100 })] }, agentReport());
    const next = new Totals();
    const counted = account(0, { observed: 30, redelivered: 2 });
    const other = account(1, { observed: 5 });
    const reported = { captures: [row({ observed: 123 }), { ...row({ observed: 4 }), uid: 'uid-c1' }] };
    next.begin('one', reported, agentReport([counted, other]), totals.saved);
    expect(next.flows('uid-c0', counted).observed).toBe(132);
    // It came after the first process had begun: all of it is in the account.
    expect(next.flows('uid-c1', other).observed).toBe(5);
    expect(next.formerCaptures).toEqual(reported.captures);
  });

  test('of which nobody knows are zero, and a rate is none of them', () => {
    totals.begin('one', { captures: [row({ perSecond: 14, observed: 5 })] }, agentReport());
    const nothing = { observed: 0, exported: 0, filtered: 0, sampledOut: 0, lost: 0 };
    expect(totals.flows('uid-c0', undefined)).toEqual({ ...nothing, observed: 5 });
    expect(totals.flows('uid-other', undefined)).toEqual(nothing);
    expect(totals.deliveries('uid-other', undefined)).toEqual({ delivered: 0, dropped: 0 });
  });
});

test('whatever is counted, reported, killed and replaced: what a FlowAgent says never steps back, and misses nothing reported', () => {
  const step = fc.record({
    what: fc.constantFrom('count', 'report', 'restart', 'takeOver', 'replace', 'replaceMeanwhile'),
    by: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      /** What stands in the FlowAgent, and its number. */
      let [stored, object]: [AgentStatus, number] = [{}, 0];
      /** What this process has counted, and what this object should say. */
      let [mine, expected] = [0, 0];
      let process = new Totals();
      const now = () => agentReport([account(0, { observed: mine })], [exportAccount(0, { delivered: mine })]);
      const begin = (saved?: SavedTotals) => process.begin(`uid-${object}`, stored, now(), saved);
      const reported = () => {
        const flows = process.flows('uid-c0', account(0, { observed: mine }));
        const deliveries = process.deliveries('uid-x0', exportAccount(0, { delivered: mine }));
        return { flows, deliveries };
      };
      const storedCount = () => stored.captures?.[0]?.flows?.observed ?? 0;
      begin();
      for (const { what, by } of steps) {
        if (what === 'count') [mine, expected] = [mine + by, expected + by];
        if (what === 'report') {
          const { flows, deliveries } = reported();
          const target = { uid: 'uid-x0', name: 'ops/x0', state: 'Idle' as const, ...deliveries };
          stored = { captures: [row(flows)], exports: [target] };
        }
        if (what === 'restart') {
          // A killed process takes along what it had not reported; the next one's programs count before the object is known.
          [process, mine, expected] = [new Totals(), by, storedCount() + by];
          begin();
        }
        if (what === 'takeOver' || what === 'replaceMeanwhile') {
          // The next process goes on with all that was counted, also while nobody was there.
          const { saved } = process;
          if (what === 'replaceMeanwhile') [stored, object, expected] = [{}, object + 1, 0];
          else [mine, expected] = [mine + by, expected + by];
          process = new Totals();
          begin(JSON.parse(JSON.stringify(saved)));
        }
        if (what === 'replace') {
          [stored, object, expected] = [{}, object + 1, 0];
          begin();
        }
        expect(reported().flows.observed).toBeGreaterThanOrEqual(storedCount());
        expect(reported().flows.observed).toBe(expected);
        expect(reported().deliveries.delivered).toBe(expected);
      }
    }),
  );
});

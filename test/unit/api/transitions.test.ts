import { describe, expect, test } from 'vitest';
import { type Aspect, timestamp, withTransitions } from '../../../src/api/transitions.ts';

const NOW = Date.parse('2026-11-25T12:00:00.999Z');
const LATER = NOW + 60_000;
const READY: Aspect = { type: 'Ready', status: 'True', reason: 'Running', message: 'it runs' };
const BEFORE = withTransitions([READY], undefined, 1, NOW);

describe('conditions', () => {
  test('carry the generation that was looked at, and the time at which they came to be', () => {
    expect(BEFORE).toEqual([{ ...READY, observedGeneration: 1, lastTransitionTime: '2026-11-25T12:00:00Z' }]);
  });

  test('keep their time where only reason, message or generation change', () => {
    const told = { ...READY, reason: 'Other', message: 'it runs still' };
    expect(withTransitions([told], BEFORE, 2, LATER)).toEqual([
      { ...told, observedGeneration: 2, lastTransitionTime: '2026-11-25T12:00:00Z' },
    ]);
  });

  test('get a new time with another status, Unknown too, and with every turn back', () => {
    const unknown = withTransitions([{ ...READY, status: 'Unknown' }], BEFORE, 1, LATER);
    expect(unknown).toMatchObject([{ status: 'Unknown', lastTransitionTime: '2026-11-25T12:01:00Z' }]);
    expect(withTransitions([READY], unknown, 1, LATER + 60_000)).toMatchObject([
      { status: 'True', lastTransitionTime: '2026-11-25T12:02:00Z' },
    ]);
  });

  test('are compared with their own type alone; one that is not said any more goes', () => {
    const other = { ...READY, type: 'Degraded' };
    expect(withTransitions([other], BEFORE, 1, LATER)).toEqual([
      { ...other, observedGeneration: 1, lastTransitionTime: '2026-11-25T12:01:00Z' },
    ]);
  });

  test('hold nothing but what a condition has', () => {
    const more = Object.assign({ verdict: 'ours' }, READY);
    expect(Object.keys(withTransitions([more], [], 1, NOW)[0] ?? {}).toSorted()).toEqual([
      'lastTransitionTime',
      'message',
      'observedGeneration',
      'reason',
      'status',
      'type',
    ]);
  });
});

test('a time has whole seconds, those that have passed', () => {
  expect([timestamp(NOW), timestamp(0)]).toEqual(['2026-11-25T12:00:00Z', '1970-01-01T00:00:00Z']);
});

import { describe, expect, it } from 'vitest';
import { Shortcomings } from '../../../../src/agent/cluster/shortcomings.ts';

const NOW = Date.parse('2026-11-26T16:00:00Z');
const MINUTE = 60_000;

describe('what is amiss on a node', () => {
  it('is nothing, of a first agent that is kept', () => {
    const shortcomings = new Shortcomings();
    shortcomings.restarted(undefined, NOW);
    expect(shortcomings.worst(NOW, true)).toBeUndefined();
  });

  it('is a gap in the counts for ten minutes, told by its two ends', () => {
    const shortcomings = new Shortcomings();
    shortcomings.restarted('2026-11-26T15:59:51Z', NOW);
    const { reason, message } = shortcomings.worst(NOW + 10 * MINUTE - 1, true) ?? {};
    expect(reason).toBe('Restarted');
    expect(message).toBe(
      'the agent began at 2026-11-26T16:00:00.000Z: connections that ended since its former report of ' +
        '2026-11-26T15:59:51Z may not have been seen, and are in no count',
    );
    expect(shortcomings.worst(NOW + 10 * MINUTE, true)).toBeUndefined();
  });

  it('is what loses now before what was lost, and that before what a restart will lose', () => {
    const shortcomings = new Shortcomings();
    shortcomings.notKept('no bpffs');
    shortcomings.restarted('2026-11-26T15:59:51Z', NOW);
    shortcomings.overloaded('94 % of its memory was in use');
    const told = (minutes: number) => shortcomings.worst(NOW + minutes * MINUTE, true)?.reason;
    expect(told(1)).toBe('Overloaded');
    expect(told(11)).toBe('Overloaded');
    shortcomings.overloaded(undefined);
    expect(told(1)).toBe('Restarted');
    expect(shortcomings.worst(NOW + 11 * MINUTE, true)).toEqual({
      reason: 'NotKept',
      message: 'a restart of this agent will miss connections: no bpffs',
    });
    expect(shortcomings.worst(NOW + 11 * MINUTE, false)).toBeUndefined();
  });
});

import { describe, expect, test } from 'vitest';
import { reportingOf, wishesOf } from '../../../src/plan/wishes.ts';

describe('what a capture wishes', () => {
  test('is nothing where it asks for what every capture gets, said or not', () => {
    const said = {
      direction: 'Any',
      peers: [],
      sampling: { oneIn: 1 },
      reporting: { activeSeconds: 60, idleSeconds: 15 },
      limits: { flowsPerSecond: 20_000 },
    } as const;
    for (const spec of [{}, { ...said, peers: [] }]) expect(wishesOf(spec)).toEqual({});
  });

  test('is told in full where it differs', () => {
    const peers = [{ action: 'Exclude' as const, ports: ['53'] }];
    expect(
      wishesOf({
        direction: 'Outbound',
        peers,
        sampling: { oneIn: 10 },
        reporting: { activeSeconds: 60, idleSeconds: 5 },
        limits: { flowsPerSecond: 1 },
      }),
    ).toEqual({
      direction: 'Outbound',
      peers,
      oneIn: 10,
      reporting: { activeSeconds: 60, idleSeconds: 5 },
      flowsPerSecond: 1,
    });
  });
});

test('a flow that several captures select is reported at the shortest of their times', () => {
  const often = { activeSeconds: 10, idleSeconds: 30 };
  expect(reportingOf([{ reporting: often }, {}])).toEqual({ activeSeconds: 10, idleSeconds: 15 });
  expect(reportingOf([{ reporting: often }])).toEqual(often);
});

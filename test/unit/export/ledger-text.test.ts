import { expect, test } from 'vitest';
import type { Account } from '../../../src/export/ledger.ts';
import { ledgerText } from '../../../src/export/ledger-text.ts';
import { NOTHING_FILTERED, NOTHING_LOST } from './counts.ts';

function account(parts: Partial<Account> = {}): Account {
  return {
    index: 0,
    capture: 'shop/checkout',
    uid: undefined,
    observed: 46,
    redelivered: 0,
    exported: 46,
    sampledOut: 0,
    filtered: NOTHING_FILTERED,
    lost: NOTHING_LOST,
    inFlight: 0,
    unaccounted: 0,
    lastMicros: 0,
    ...parts,
  };
}

const BALANCED = 'balanced: observed = exported + filtered + sampled out + lost, for every capture\n';

test('a row for each capture, with the reasons that are not zero below it', () => {
  const lossy = account({
    capture: 'ops/everything',
    observed: 1_000_000,
    exported: 999_000,
    filtered: { ...NOTHING_FILTERED, notSelected: 1 },
    lost: { ...NOTHING_LOST, ringFull: 990, queueFull: 9 },
  });
  expect(ledgerText([account(), lossy])).toBe(
    [
      'CAPTURE         OBSERVED  EXPORTED  FILTERED  SAMPLED OUT  LOST',
      'shop/checkout         46        46         0            0     0',
      'ops/everything   1000000    999000         1            0   999',
      '  filtered: notSelected 1',
      '  lost: ringFull 990, queueFull 9',
      BALANCED,
    ].join('\n'),
  );
});

test.each<[string, Partial<Account>, string]>([
  ['flows are missing', { exported: 43, unaccounted: 3 }, 'shop/checkout: 3 of 46 observed are missing'],
  [
    'more is accounted for than was observed',
    { observed: 44, unaccounted: -2 },
    'shop/checkout: 2 more accounted for than the 44 observed',
  ],
  ['exports still hold flows', { inFlight: 5 }, 'shop/checkout: 5 handed to exports, outcome not known'],
])('says where it does not balance: %s', (_name, parts, fault) => {
  expect(
    ledgerText([account(), account(parts)])
      .split('\n')
      .at(-2),
  ).toBe(`not balanced: ${fault}`);
});

test('a name that a terminal would obey is escaped', () => {
  expect(ledgerText([account({ capture: 'a/\x1b[2J' })])).toContain('\na/\\x1b[2J ');
});

import { beforeEach, describe, expect, test } from 'vitest';
import { Rates } from '../../../../src/agent/cluster/rates.ts';

let now: number;
let rates: Rates;

beforeEach(() => {
  now = 70_000;
  rates = new Rates(5000, () => now);
});

function look(millis: number, counts: Readonly<Record<string, number>>): void {
  now += millis;
  rates.look(new Map(Object.entries(counts)));
}

describe('a rate', () => {
  test('is what was counted since the look before, a second, in whole counts', () => {
    look(10_000, { a: 230 });
    expect(rates.of('a')).toBe(23);
    look(10_000, { a: 230 + 14 });
    expect(rates.of('a')).toBe(1);
    look(10_000, { a: 230 + 14 });
    expect(rates.of('a')).toBe(0);
  });

  test('is taken over five seconds at least: looks in between leave it as it is, and lose nothing', () => {
    look(10_000, { a: 100 });
    for (const count of [137, 170, 199]) {
      look(1000, { a: count });
      expect(rates.of('a')).toBe(10);
    }
    look(2000, { a: 200 });
    expect(rates.of('a')).toBe(20);
  });

  test('of what is new counts from zero, and of what is gone or unknown is zero', () => {
    look(10_000, { a: 100 });
    look(10_000, { b: 70 });
    expect([rates.of('a'), rates.of('b'), rates.of('c')]).toEqual([0, 7, 0]);
  });

  test('is never below zero, also where a count begins anew', () => {
    look(10_000, { a: 100 });
    look(10_000, { a: 1 });
    expect(rates.of('a')).toBe(0);
  });

  test('is zero before the first look that is late enough', () => {
    look(4999, { a: 100 });
    expect(rates.of('a')).toBe(0);
    look(1, { a: 100 });
    expect(rates.of('a')).toBe(20);
  });
});

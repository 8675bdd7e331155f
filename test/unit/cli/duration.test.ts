import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/cli/duration.ts';

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['1m500ms', 60_500],
    ['0m1s', 1000],
    ['596h', 2_145_600_000],
    ['2147483647ms', 2_147_483_647],
  ])('%s is %i ms', (text, millis) => {
    expect(parseDuration(text)).toBe(millis);
  });

  it.each([
    '',
    '30',
    's',
    '30 s',
    ' 30s',
    '30s ',
    '-30s',
    '1.5h',
    '1e3s',
    '30S',
    '5min',
    '1h,30m',
    '0s',
    '٣s',
    '30s\n',
  ])('%j is none, and the answer says what to write', (text) => {
    expect(() => parseDuration(text)).toThrow(new InvalidArgumentError('write a duration such as 30s, 5m or 1h30m.'));
  });

  it.each(['597h', '2147483648ms', `${'9'.repeat(400)}s`])('%s is too long for a timer', (text) => {
    expect(() => parseDuration(text)).toThrow(new InvalidArgumentError('the longest duration is 596h.'));
  });
});

import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** The longest delay that a timer of Node takes. */
const MAX_MILLIS = 2 ** 31 - 1;

/** `90s`, `5m`, `1h30m` to milliseconds. Throws commander's InvalidArgumentError with what to write. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  const whole = parts.map(([part]) => part).join('') === text;
  const millis = parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
  if (!whole || millis <= 0) throw new InvalidArgumentError('write a duration such as 30s, 5m or 1h30m.');
  if (millis > MAX_MILLIS) throw new InvalidArgumentError('the longest duration is 596h.');
  return millis;
}

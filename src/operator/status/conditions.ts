import type { Verdict } from '../../api/conditions.ts';

/** The condition that decides the summary: the first that is False. */
export function firstFalse(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.find(({ status }) => status === 'False');
}

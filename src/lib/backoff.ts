export interface Backoff {
  /** The first pause, about. */
  readonly firstMillis: number;
  readonly longestMillis: number;
}

/**
 * How long to pause before the next try: doubled with each failure, and spread over half to one and a half times that, so
 * that many who failed at once do not come back at once.
 *
 * @param failures how many there were in a row, this one included: 1 or more.
 * @param random from 0 to 1.
 * @returns ms.
 */
export function backoffMillis({ firstMillis, longestMillis }: Backoff, failures: number, random: () => number): number {
  const doubled = firstMillis * 2 ** Math.min(failures - 1, 30);
  return Math.min(longestMillis, doubled) * (0.5 + random());
}

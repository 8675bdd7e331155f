const SHORTEST_MILLIS = 10_000;
const WRITES_PER_SECOND = 10;

/** How long counters of one kind's objects wait for others: all of them together stay below 10 writes a second. In ms. */
export function counterIntervalMillis(objects: number): number {
  return Math.max(SHORTEST_MILLIS, (objects / WRITES_PER_SECOND) * 1000);
}

const SHORTEST_SECONDS = 10;
const WRITES_PER_SECOND = 20;

/**
 * How often each agent writes its counters, so that all of them together stay below 20 writes a second. In steps of two:
 * the interval stands in every plan, and one node more must not write all plans anew.
 *
 * @returns seconds: 10 up to 200 nodes, 20 up to 400, 40 up to 800, …
 */
export function reportSeconds(nodes: number): number {
  let seconds = SHORTEST_SECONDS;
  while (nodes > seconds * WRITES_PER_SECOND) seconds *= 2;
  return seconds;
}

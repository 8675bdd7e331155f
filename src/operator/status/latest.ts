/** The latest of RFC 3339 times; undefined where there is none. */
export function latest(times: readonly (string | undefined)[]): string | undefined {
  let found: string | undefined;
  for (const time of times) {
    if (time !== undefined && (found === undefined || Date.parse(time) > Date.parse(found))) found = time;
  }
  return found;
}

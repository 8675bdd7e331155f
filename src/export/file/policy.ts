/** When a file is renamed, under which instant, and which renamed files go. */
import type { RotatedName } from './names.ts';

export interface Rotation {
  /** A file does not grow beyond this, unless one batch alone is larger; undefined: as it comes. */
  readonly maxBytes: number | undefined;
  /** A file whose first record is older is renamed; undefined: never for its age. */
  readonly maxAgeMillis: number | undefined;
  /** Renamed files that are kept; undefined: all. */
  readonly maxFiles: number | undefined;
  readonly compress: boolean;
}

/** A file as it stands. */
export interface Filling {
  /** Bytes. */
  readonly size: number;
  /** How old its first record is, ms. */
  readonly ageMillis: number;
}

/** Whether a file is to be renamed before so many more bytes are written to it. One that is empty never is. */
export function isDue({ size, ageMillis }: Filling, moreBytes: number, { maxBytes, maxAgeMillis }: Rotation): boolean {
  if (size === 0) return false;
  return size + moreBytes > (maxBytes ?? Infinity) || ageMillis >= (maxAgeMillis ?? Infinity);
}

/**
 * The instant for the next name: now, or just after the latest that is there, so that names sort in the order of renaming and none
 * comes twice, whatever the clock does.
 * @param now ms since the epoch.
 */
export function nextStamp(now: number, there: readonly RotatedName[]): number {
  return there.reduce((stamp, { stamp: other }) => Math.max(stamp, other + 1), Math.trunc(now));
}

/** The names that go so that this many renamed files stay, oldest first. A file and its compressed self count as one. */
export function excess(there: readonly RotatedName[], maxFiles: number | undefined): string[] {
  const stamps = [...new Set(there.map(({ stamp }) => stamp))].toSorted((a, b) => b - a);
  const gone = new Set(stamps.slice(maxFiles ?? stamps.length));
  return there
    .filter(({ stamp }) => gone.has(stamp))
    .toSorted((a, b) => a.stamp - b.stamp)
    .map(({ name }) => name);
}

/** The renamed files that are not compressed yet, oldest first. */
export function uncompressed(there: readonly RotatedName[]): RotatedName[] {
  return there.filter(({ compressed }) => !compressed).toSorted((a, b) => a.stamp - b.stamp);
}

/** What a file is called once it is renamed: when that was, so that names sort by age, and `.gz` where it is compressed. */

/** A renamed file, by its name. */
export interface RotatedName {
  /** Whole name in its directory. */
  readonly name: string;
  /** ms since the epoch; of two files of one export the later is the one that was renamed later. */
  readonly stamp: number;
  readonly compressed: boolean;
}

const COMPRESSED = '.gz';
const TEMPORARY = '.tmp';
const STAMP = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;
const TOKEN = /^[0-9a-f]{8}$/;
const TIME_BEGIN = 11;

/** Bytes that the longest of these names has beyond the file's own: a hidden one while it is compressed. */
export const LONGEST_ADDITION = '.'.length + '.2026-11-26T11-42-03.123Z.gz.01234567.tmp'.length;

/** `flows.ndjson`, an instant → `flows.ndjson.2026-11-26T11-42-03.123Z`. @param stamp ms since the epoch, years 0 to 9999. */
export function rotatedName(base: string, stamp: number): string {
  const time = new Date(stamp).toISOString();
  return `${base}.${time.slice(0, TIME_BEGIN)}${time.slice(TIME_BEGIN).replaceAll(':', '-')}`;
}

/** The name of a renamed file once it is compressed. */
export function compressedName(name: string): string {
  return `${name}${COMPRESSED}`;
}

/**
 * The name of a file that is being compressed: hidden, so that nobody who looks for `flows.ndjson*` takes half a file for a whole.
 * @param token 8 hexadecimal digits that nobody else has.
 */
export function temporaryName(name: string, token: string): string {
  return `.${compressedName(name)}.${token}${TEMPORARY}`;
}

/** Undefined: not the name of a renamed file of this export. */
export function parseRotated(base: string, name: string): RotatedName | undefined {
  if (!name.startsWith(`${base}.`)) return undefined;
  const compressed = name.endsWith(COMPRESSED);
  const time = name.slice(base.length + 1, compressed ? -COMPRESSED.length : undefined);
  if (!STAMP.test(time)) return undefined;
  const stamp = Date.parse(time.slice(0, TIME_BEGIN) + time.slice(TIME_BEGIN).replaceAll('-', ':'));
  // The 31st of February is the 3rd of March to some.
  if (Number.isNaN(stamp) || rotatedName(base, stamp) !== `${base}.${time}`) return undefined;
  return { name, stamp, compressed };
}

/** Whether somebody began to compress a renamed file of this export under this name. */
export function isTemporary(base: string, name: string): boolean {
  if (!name.startsWith('.') || !name.endsWith(TEMPORARY)) return false;
  const rest = name.slice(1, -TEMPORARY.length);
  const dot = rest.lastIndexOf('.');
  return TOKEN.test(rest.slice(dot + 1)) && parseRotated(base, rest.slice(0, dot))?.compressed === true;
}

/** Numbers for the eye, in few columns and without rounding up: what is shown has been reached. */

const KIBI = 1024;
const UNITS = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
const EXACT_BELOW = 1_000_000;
const DECIMAL_BELOW = 1000;

/** Bytes in at most 7 columns: exact below 1,000,000, then in binary units with one decimal (`976.5Ki`, `1023Mi`, `1.0Gi`). */
export function bytesText(bytes: number): string {
  if (bytes < EXACT_BELOW) return String(bytes);
  let unit = 0;
  let size = KIBI;
  while (bytes >= size * KIBI && unit < UNITS.length - 1) {
    size *= KIBI;
    unit += 1;
  }
  const whole = Math.floor(bytes / size);
  if (whole >= DECIMAL_BELOW) return `${whole}${UNITS[unit]}`;
  return `${whole}.${Math.floor(((bytes - whole * size) * 10) / size)}${UNITS[unit]}`;
}

const MILLI = 1000;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in µs in at most 6 columns below 100 days: `840µs`, `1.2ms`, `123ms`, `1.5s`, `2m03s`, `1h02m`, `3d04h`. */
export function durationText(micros: number): string {
  if (micros < MILLI) return `${micros}µs`;
  if (micros < SECOND) return `${decimal(micros, MILLI)}ms`;
  if (micros < MINUTE) return `${decimal(micros, SECOND)}s`;
  if (micros < HOUR) return two(micros, MINUTE, 'm', SECOND, 's');
  if (micros < DAY) return two(micros, HOUR, 'h', MINUTE, 'm');
  return two(micros, DAY, 'd', HOUR, 'h');
}

/** `1.2`, and from 100 on `123`. */
function decimal(micros: number, unit: number): string {
  const whole = Math.floor(micros / unit);
  return whole >= 100 ? String(whole) : `${whole}.${Math.floor(((micros - whole * unit) * 10) / unit)}`;
}

function two(micros: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const whole = Math.floor(micros / unit);
  const rest = Math.floor((micros - whole * unit) / smaller);
  return `${whole}${name}${String(rest).padStart(2, '0')}${smallerName}`;
}

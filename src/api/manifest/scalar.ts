/** What a scalar without quotes means. */
export type Scalar = string | number | boolean | null;

const WORDS = new Map<string, Scalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
]);

const INTEGER = /^[-+]?(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;

/**
 * Reads a plain scalar as kubectl does (the YAML 1.1 of Go's yaml.v2), so that a file means the same here and there: `no`
 * is a boolean, `0755` is octal, `1_000` is a number, `12:30` and dates are text. Infinity and NaN, which JSON cannot
 * carry and kubectl refuses, stay text.
 */
export function readPlainScalar(source: string): Scalar {
  const word = WORDS.get(source);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(source)) return source;
  const digits = source.startsWith('.') ? source : source.replaceAll('_', '');
  if (INTEGER.test(digits)) return readInteger(digits);
  return FLOAT.test(digits) ? Number(digits) : source;
}

function readInteger(text: string): number {
  const negative = text.startsWith('-');
  const magnitude = text.replace(/^[-+]/, '').toLowerCase();
  // Go reads a leading 0 as octal, JavaScript as decimal.
  const literal = /^0[0-7]+$/.test(magnitude) ? `0o${magnitude.slice(1)}` : magnitude;
  return negative ? -Number(literal) : Number(literal);
}

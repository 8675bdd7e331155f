import { type ByteWriter, piece } from './byte-writer.ts';

const MICROS = 1_000_000;
const SLOTS = 64;
const FRACTION_DIGITS = 6;
const END = piece(Buffer.from('Z"'));

/**
 * A function that writes µs since the epoch as a JSON string, RFC 3339 in UTC with 6 digits of a second:
 * `"2026-11-21T20:00:00.000042Z"`. Records come in bursts of few distinct seconds, so the text of a second is kept.
 */
export function timestampWriter(): (micros: number, writer: ByteWriter) => void {
  const seconds = new Float64Array(SLOTS).fill(Number.NaN);
  const texts = Array.from({ length: SLOTS }, () => END);
  return (micros, writer) => {
    const second = Math.floor(micros / MICROS);
    const slot = Math.abs(second) % SLOTS;
    if (seconds[slot] !== second) {
      texts[slot] = piece(Buffer.from(`"${new Date(second * 1000).toISOString().slice(0, -'000Z'.length)}`));
      seconds[slot] = second;
    }
    writer.piece(texts[slot] ?? END);
    writer.paddedInteger(micros - second * MICROS, FRACTION_DIGITS);
    writer.piece(END);
  };
}

import { jsonString } from '../../lib/escape.ts';

const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const WORD = 8;
/** A UTF-16 code unit becomes at most six bytes: `\u` and four digits. */
const MAX_BYTES_PER_UNIT = 6;
const INT31 = 0x7fff_ffff;
const MAX_DIGITS = 20;

/**
 * JSON text that is written again and again, held as words of eight bytes because they are copied fastest. As a number a
 * word could change on its way only if it were a NaN, and that begins with 0xff or with 0x7f: UTF-8 never has the one, and
 * `jsonString` escapes the other.
 */
export interface Piece {
  readonly length: number;
  readonly words: Float64Array;
}

/** Makes a piece of UTF-8 without U+007F. */
export function piece(bytes: Uint8Array): Piece {
  const words = new Float64Array(Math.ceil(bytes.length / WORD));
  const padded = new Uint8Array(words.length * WORD);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  for (let index = 0; index < words.length; index += 1) words[index] = view.getFloat64(index * WORD, true);
  return { length: bytes.length, words };
}

/**
 * Bytes appended to a buffer that grows. Strings cost several times as much for records this wide: each of their parts
 * is allocated, and the whole is copied twice before it is bytes.
 */
export class ByteWriter {
  #buffer: Buffer;
  #view: DataView;
  #length = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written, and keeps the memory: fresh pages cost more than the encoding itself. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written since `from`, a `length` of before: a view that is good until the next `clear`. */
  view(from = 0): Buffer {
    return this.#buffer.subarray(from, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  /** Overwrites the byte at `at`, which was written before. */
  patch(at: number, value: number): void {
    this.#buffer[at] = value;
  }

  piece({ length, words }: Piece): void {
    this.#reserve(words.length * WORD);
    const view = this.#view;
    let at = this.#length;
    // The last word may write past the piece, where the next write begins.
    for (let index = 0; index < words.length; index += 1) {
      view.setFloat64(at, words[index] ?? 0, true);
      at += WORD;
    }
    this.#length += length;
  }

  /** Decimal digits of an integer that a JS number holds exactly. */
  integer(value: number): void {
    if (value < 0 || value > INT31) {
      this.latin1(String(value));
      return;
    }
    let digits = 1;
    for (let limit = 10; limit <= value; limit *= 10) digits += 1;
    this.paddedInteger(value, digits);
  }

  /** Exactly so many decimal digits, zeros first. `0 ≤ value < 10 ** digits`, below 2³¹. */
  paddedInteger(value: number, digits: number): void {
    this.#reserve(MAX_DIGITS);
    const buffer = this.#buffer;
    let rest = value | 0;
    for (let at = this.#length + digits - 1; at >= this.#length; at -= 1) {
      const quotient = (rest / 10) | 0;
      buffer[at] = ZERO + rest - quotient * 10;
      rest = quotient;
    }
    this.#length += digits;
  }

  /** Text of which every character is below U+0100. */
  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  /** A JSON string with its quotes, escaped as `jsonString` does. */
  json(text: string): void {
    const { length } = text;
    this.#reserve(length * MAX_BYTES_PER_UNIT + 2);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
        this.#length += buffer.write(jsonString(text), this.#length, 'utf8');
        return;
      }
      at += 1;
      buffer[at] = unit;
    }
    buffer[at + 1] = QUOTE;
    this.#length = at + 2;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

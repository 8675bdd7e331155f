/**
 * What a process leaves to the next one, in memory that is the kernel's: counts, which are stores into it, and one text, which
 * is written beside the one before. A process may be killed between any two stores.
 */
import { createHash } from 'node:crypto';
import type { CountRows } from '../../export/count-rows.ts';

/** Captures and exports of a plan, and as many ended ones as are remembered; a FlowAgent has no room for so many. */
const MAX_ROWS = 1024;
const NUMBER_BYTES = 8;
/** Of a text: its number, its length, then its checksum. */
const HEADER = { number: 0, length: 8, checksum: 16, size: 32 } as const;
const CHECKSUM_BYTES = 16;

export interface JournalLayout {
  /** Numbers in a row of a capture's counts, and of an export's. */
  readonly captureColumns: number;
  readonly exportColumns: number;
}

export class Journal {
  readonly captures: CountRows;
  readonly exports: CountRows;
  readonly #texts: readonly Uint8Array[];
  #number: number;
  #isIncomplete = false;

  /** @param memory zeros, or what another journal of the same layout has left. */
  constructor(memory: ArrayBuffer, { captureColumns, exportColumns }: JournalLayout) {
    const captureBytes = MAX_ROWS * (captureColumns + 1) * NUMBER_BYTES;
    const exportBytes = MAX_ROWS * (exportColumns + 1) * NUMBER_BYTES;
    const textsAt = captureBytes + exportBytes;
    const textBytes = Math.floor((memory.byteLength - textsAt) / 2 / NUMBER_BYTES) * NUMBER_BYTES;
    const full = () => this.#giveUp();
    this.captures = new JournalRows(new Float64Array(memory, 0, captureBytes / NUMBER_BYTES), captureColumns, full);
    this.exports = new JournalRows(
      new Float64Array(memory, captureBytes, exportBytes / NUMBER_BYTES),
      exportColumns,
      full,
    );
    this.#texts = [0, 1].map((at) => new Uint8Array(memory, textsAt + at * textBytes, textBytes));
    this.#number = Math.max(...this.#texts.map(numberOf));
  }

  /** The text that was written last and whole; undefined where there is none. */
  read(): string | undefined {
    return this.#texts
      .toSorted((one, other) => numberOf(other) - numberOf(one))
      .filter((text) => numberOf(text) > 0)
      .map(contentOf)
      .find((content) => content !== undefined);
  }

  /**
   * Writes the text. False: the journal has none from now on, for want of room. Nobody may take an older one for it, or a part for
   * the whole.
   */
  write(content: string): boolean {
    const bytes = Buffer.from(content);
    const text = this.#texts[(this.#number + 1) % this.#texts.length];
    if (this.#isIncomplete || text === undefined || bytes.length > text.length - HEADER.size) {
      this.#giveUp();
      return false;
    }
    const header = new DataView(text.buffer, text.byteOffset, HEADER.size);
    this.#number += 1;
    header.setFloat64(HEADER.number, this.#number);
    header.setFloat64(HEADER.length, bytes.length);
    text.set(checksum(this.#number, bytes), HEADER.checksum);
    text.set(bytes, HEADER.size);
    return true;
  }

  #giveUp(): void {
    this.#isIncomplete = true;
    for (const text of this.#texts) text.fill(0, 0, HEADER.size);
  }
}

function numberOf(text: Uint8Array): number {
  return new DataView(text.buffer, text.byteOffset).getFloat64(HEADER.number);
}

/** Undefined: torn. */
function contentOf(text: Uint8Array): string | undefined {
  const length = new DataView(text.buffer, text.byteOffset).getFloat64(HEADER.length);
  if (!(length >= 0 && length <= text.length - HEADER.size)) return undefined;
  const bytes = text.subarray(HEADER.size, HEADER.size + length);
  const said = text.subarray(HEADER.checksum, HEADER.checksum + CHECKSUM_BYTES);
  return checksum(numberOf(text), bytes).equals(said) ? Buffer.from(bytes).toString('utf8') : undefined;
}

/** Of the number too: it would else be taken for that of the text before. */
function checksum(number: number, bytes: Uint8Array): Buffer {
  return createHash('sha256').update(`${number} `).update(bytes).digest().subarray(0, CHECKSUM_BYTES);
}

/** A table of rows; the first number of each is its index + 1, 0 where it is free. */
class JournalRows implements CountRows {
  readonly #numbers: Float64Array;
  readonly #columns: number;
  readonly #full: () => void;
  readonly #places = new Map<number, number>();
  readonly #free: number[] = [];

  constructor(numbers: Float64Array, columns: number, full: () => void) {
    this.#numbers = numbers;
    this.#columns = columns;
    this.#full = full;
    for (let place = 0; place < MAX_ROWS; place++) {
      const key = numbers[place * (columns + 1)] ?? 0;
      if (key > 0) this.#places.set(key - 1, place);
      else this.#free.push(place);
    }
  }

  row(index: number): Float64Array {
    const place = this.#places.get(index) ?? this.#take(index);
    if (place !== undefined) return this.#at(place).subarray(1);
    this.#full();
    return new Float64Array(this.#columns);
  }

  forget(index: number): void {
    const place = this.#places.get(index);
    if (place === undefined) return;
    this.#places.delete(index);
    this.#at(place).fill(0);
    this.#free.push(place);
  }

  #take(index: number): number | undefined {
    const place = this.#free.shift();
    if (place === undefined) return undefined;
    this.#at(place)[0] = index + 1;
    this.#places.set(index, place);
    return place;
  }

  #at(place: number): Float64Array {
    const width = this.#columns + 1;
    return this.#numbers.subarray(place * width, (place + 1) * width);
  }
}

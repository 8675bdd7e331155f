/**
 * Reads a BPF ring buffer in place, without a copy and without libbpf: the kernel's pages are mapped and the positions
 * are advanced here. Layout: linux/kernel/bpf/ringbuf.c (consumer page, producer page, data mapped twice in a row).
 */

const HEADER_BYTES = 8;
const BUSY = 0x80000000;
const DISCARDED = 0x40000000;
const LENGTH = 0x3fffffff;
/** The kernel gets its room back after so many records, not only at the end of a long drain. */
const RELEASE_EVERY = 256;

export interface RingPages {
  /** One page: the consumer's position, written here. */
  readonly consumer: ArrayBuffer;
  /** One page with the producer's position, then the data area twice. */
  readonly producer: ArrayBuffer;
  readonly pageBytes: number;
  /** Size of the data area; a power of two. */
  readonly dataBytes: number;
}

/** Called for each record; the bytes are valid only during the call. */
export type RecordHandler = (view: DataView, offset: number, length: number) => void;

export class RingReader {
  readonly #consumer: BigInt64Array;
  readonly #producer: BigInt64Array;
  readonly #headers: Int32Array;
  readonly #view: DataView;
  readonly #dataBytes: number;
  readonly #keeps: boolean;
  #position: number;
  #released: number;

  /** @param keeps what is read stays in the ring until it is released, and is read again by the next reader. */
  constructor(pages: RingPages, { keeps = false }: { readonly keeps?: boolean } = {}) {
    this.#keeps = keeps;
    this.#consumer = new BigInt64Array(pages.consumer, 0, 1);
    this.#producer = new BigInt64Array(pages.producer, 0, 1);
    this.#headers = new Int32Array(pages.producer, pages.pageBytes, (pages.dataBytes * 2) / 4);
    this.#view = new DataView(pages.producer, pages.pageBytes, pages.dataBytes * 2);
    this.#dataBytes = pages.dataBytes;
    this.#position = Number(Atomics.load(this.#consumer, 0));
    this.#released = this.#position;
  }

  /**
   * Hands every record that is complete to `handle`, in the order of their reservation; at most `limit` of them.
   * Returns how many. A record that is still being written ends the drain: what follows it waits.
   */
  drain(handle: RecordHandler, limit: number = Number.MAX_SAFE_INTEGER): number {
    // The loads are acquire loads: a record's bytes may be read only after its header said that it is complete.
    const end = Number(Atomics.load(this.#producer, 0));
    let handled = 0;
    let seen = 0;
    while (this.#position < end && handled < limit) {
      // Positions grow beyond 32 bits: a remainder, not a mask.
      const at = this.#position % this.#dataBytes;
      const header = Atomics.load(this.#headers, at >>> 2);
      if ((header & BUSY) !== 0) break;
      const length = header & LENGTH;
      // First the position: should the handler throw, the record is not met again.
      this.#position += (length + HEADER_BYTES + 7) & ~7;
      if ((header & DISCARDED) === 0) {
        handled++;
        handle(this.#view, at + HEADER_BYTES, length);
      }
      if (++seen % RELEASE_EVERY === 0 && !this.#keeps) this.release(this.#position);
    }
    if (!this.#keeps) this.release(this.#position);
    return handled;
  }

  /** Bytes that wait in the ring. */
  backlogBytes(): number {
    return Number(Atomics.load(this.#producer, 0)) - this.#position;
  }

  /** Up to where the ring was read; it only grows. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that were read and not given back. */
  get keptBytes(): number {
    return this.#position - this.#released;
  }

  /** Gives the room before this position back to the kernel; nobody reads it again. */
  release(position: number): void {
    this.#released = position;
    Atomics.store(this.#consumer, 0, BigInt(position));
  }
}

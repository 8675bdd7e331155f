import type { RingPages } from '../../src/agent/read/ring.ts';

const PAGE_BYTES = 4096;
const HEADER_BYTES = 8;
const BUSY = 0x80000000;
const DISCARDED = 0x40000000;

/** A record that is reserved and still being written. */
export interface Reserved {
  commit(): void;
  discard(): void;
}

/**
 * The kernel's side of a BPF ring buffer in plain memory, after __bpf_ringbuf_reserve() and bpf_ringbuf_commit() of
 * linux/kernel/bpf/ringbuf.c. The kernel maps the data area twice; here every byte is written twice.
 */
export class RingWriter {
  readonly pages: RingPages;
  readonly #data: DataView;
  readonly #consumer: BigInt64Array;
  readonly #producer: BigInt64Array;
  readonly #dataBytes: number;

  /** `position`: where both sides stand at the start, a multiple of 8. */
  constructor(dataBytes: number, position = 0n) {
    const consumer = new ArrayBuffer(PAGE_BYTES);
    const producer = new ArrayBuffer(PAGE_BYTES + 2 * dataBytes);
    this.pages = { consumer, producer, pageBytes: PAGE_BYTES, dataBytes };
    this.#data = new DataView(producer, PAGE_BYTES);
    this.#consumer = new BigInt64Array(consumer, 0, 1);
    this.#producer = new BigInt64Array(producer, 0, 1);
    this.#dataBytes = dataBytes;
    this.#consumer[0] = position;
    this.#producer[0] = position;
  }

  /** Bytes that the reader has given back since the start of the machine. */
  get released(): bigint {
    return this.#consumer[0] ?? 0n;
  }

  /** Undefined when there is no room: the kernel always keeps one byte free. */
  reserve(payload: Uint8Array): Reserved | undefined {
    const at = this.#producer[0] ?? 0n;
    const end = at + BigInt(Math.ceil((payload.length + HEADER_BYTES) / 8) * 8);
    if (end - this.released > BigInt(this.#dataBytes - 1)) return undefined;
    const offset = Number(at % BigInt(this.#dataBytes));
    this.#setHeader(offset, (payload.length | BUSY) >>> 0);
    for (const [index, byte] of payload.entries()) this.#setByte(offset + HEADER_BYTES + index, byte);
    this.#producer[0] = end;
    return {
      commit: () => this.#setHeader(offset, payload.length),
      discard: () => this.#setHeader(offset, payload.length | DISCARDED),
    };
  }

  #setHeader(offset: number, value: number): void {
    const bytes = new Uint8Array(Uint32Array.of(value, offset >>> 12).buffer);
    for (const [index, byte] of bytes.entries()) this.#setByte(offset + index, byte);
  }

  #setByte(offset: number, value: number): void {
    const once = offset % this.#dataBytes;
    this.#data.setUint8(once, value);
    this.#data.setUint8(once + this.#dataBytes, value);
  }
}

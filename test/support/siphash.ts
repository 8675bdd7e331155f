const MASK = 0xffff_ffff_ffff_ffffn;
const BLOCK = 8;

/** SipHash-2-4 of any bytes under a key of 16 (Aumasson, Bernstein 2012): slow, and written after the paper's text. */
export function sipHash(key: Uint8Array, message: Uint8Array): bigint {
  const [key0, key1] = [word(key, 0), word(key, BLOCK)];
  const state = {
    v0: key0 ^ 0x736f6d6570736575n,
    v1: key1 ^ 0x646f72616e646f6dn,
    v2: key0 ^ 0x6c7967656e657261n,
    v3: key1 ^ 0x7465646279746573n,
  };
  for (const block of blocksOf(message)) {
    state.v3 ^= block;
    rounds(state, 2);
    state.v0 ^= block;
  }
  state.v2 ^= 0xffn;
  rounds(state, 4);
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

interface State {
  v0: bigint;
  v1: bigint;
  v2: bigint;
  v3: bigint;
}

/** Little-endian words; the last one ends with the length of the message modulo 256. */
function blocksOf(message: Uint8Array): bigint[] {
  const padded = new Uint8Array((Math.floor(message.length / BLOCK) + 1) * BLOCK);
  padded.set(message);
  padded[padded.length - 1] = message.length % 256;
  return Array.from({ length: padded.length / BLOCK }, (_, index) => word(padded, index * BLOCK));
}

function rounds(state: State, count: number): void {
  for (let round = 0; round < count; round++) {
    state.v0 = (state.v0 + state.v1) & MASK;
    state.v1 = rotate(state.v1, 13n) ^ state.v0;
    state.v0 = rotate(state.v0, 32n);
    state.v2 = (state.v2 + state.v3) & MASK;
    state.v3 = rotate(state.v3, 16n) ^ state.v2;
    state.v0 = (state.v0 + state.v3) & MASK;
    state.v3 = rotate(state.v3, 21n) ^ state.v0;
    state.v2 = (state.v2 + state.v1) & MASK;
    state.v1 = rotate(state.v1, 17n) ^ state.v2;
    state.v2 = rotate(state.v2, 32n);
  }
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function word(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
}

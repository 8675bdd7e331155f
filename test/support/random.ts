import { randomInt } from 'node:crypto';

/** The seed of this run, for the names of tests that depend on it: WEIR_SEED=… repeats a run. */
export const SEED = Number(process.env['WEIR_SEED'] ?? randomInt(2 ** 31));

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** As many small sizes as large ones: 0, or between 1 and `most` bytes with every power of two as likely as the others. */
export function randomSize(random: () => number, most: number): number {
  return random() < 0.1 ? 0 : Math.floor(2 ** (random() * Math.log2(most)));
}

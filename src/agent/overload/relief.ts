/** What an agent does without when it is short of memory or CPU: first of how often it reports, then of how many it samples. */
export interface Relief {
  /** Live connections are reported so many times less often. */
  readonly lessOften: number;
  /** Of the connections that captures sample one in so many is taken; records say so. */
  readonly oneIn: number;
}

export const NO_RELIEF: Relief = { lessOften: 1, oneIn: 1 };

/** Levels in which only live connections are reported less often. */
const RARER_LEVELS = 3;
/** Beyond it there is nothing left to do without: one connection in 64. */
export const MOST_RELIEF = 9;

/** @param level from 0, no relief, to MOST_RELIEF; each is twice the one before. */
export function reliefAt(level: number): Relief {
  return { lessOften: 2 ** Math.min(level, RARER_LEVELS), oneIn: 2 ** Math.max(0, level - RARER_LEVELS) };
}

/** Timers as a parameter, so that a test decides when time passes. */
export interface Timers {
  /** Runs `action` once after so many milliseconds, unless the function that is returned is called before. */
  after(millis: number, action: () => void): () => void;
}

export const systemTimers: Timers = {
  after(millis, action) {
    const timer = setTimeout(action, millis);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds since some instant in the past; never steps. */
export function monotonicMillis(): number {
  return performance.now();
}

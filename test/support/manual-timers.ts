import type { Timers } from '../../src/lib/timers.ts';

/** Time that passes only when a test says so. */
export class ManualTimers implements Timers {
  #now = 0;
  #armed: { readonly at: number; readonly action: () => void }[] = [];

  after(millis: number, action: () => void): () => void {
    const timer = { at: this.#now + millis, action };
    this.#armed.push(timer);
    return () => {
      this.#armed = this.#armed.filter((other) => other !== timer);
    };
  }

  /** ms that have passed. */
  get now(): number {
    return this.#now;
  }

  get armed(): number {
    return this.#armed.length;
  }

  /** Lets so much time pass, and what was waiting for it run to its end. */
  async pass(millis: number): Promise<void> {
    this.#now += millis;
    const due = this.#armed.filter((timer) => timer.at <= this.#now);
    this.#armed = this.#armed.filter((timer) => timer.at > this.#now);
    for (const { action } of due.toSorted((a, b) => a.at - b.at)) action();
    await settle();
  }
}

/** Lets everything run that waits for nothing but other promises. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

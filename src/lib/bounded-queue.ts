/** A first-in, first-out queue that never grows: whoever fills it must say what gives way. */
export class BoundedQueue<T extends object> {
  readonly #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  /** @param capacity at least 1. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`capacity must be at least 1, not ${capacity}`);
    this.#slots = Array.from({ length: capacity });
  }

  get length(): number {
    return this.#length;
  }

  /** Appends; false, with nothing changed, when the queue is full. */
  push(item: T): boolean {
    if (this.#length === this.#slots.length) return false;
    this.#slots[(this.#head + this.#length) % this.#slots.length] = item;
    this.#length += 1;
    return true;
  }

  /** Removes the oldest items, `max` at most, oldest first. */
  take(max: number): T[] {
    const count = Math.min(max, this.#length);
    const taken: T[] = [];
    for (let index = 0; index < count; index += 1) {
      const item = this.#slots[this.#head];
      if (item !== undefined) taken.push(item);
      this.#slots[this.#head] = undefined;
      this.#head = (this.#head + 1) % this.#slots.length;
    }
    this.#length -= count;
    return taken;
  }
}

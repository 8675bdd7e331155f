const FIRST_SLOTS = 16;

/**
 * A first-in, first-out queue with a bound: whoever fills it must say what gives way. It takes the memory that it has needed so
 * far: a plan may name many exports, and most of their queues are short.
 */
export class BoundedQueue<T extends object> {
  readonly #capacity: number;
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  /** @param capacity at least 1. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`capacity must be at least 1, not ${capacity}`);
    this.#capacity = capacity;
    this.#slots = Array.from({ length: Math.min(capacity, FIRST_SLOTS) });
  }

  get length(): number {
    return this.#length;
  }

  /** Appends; false, with nothing changed, when the queue is full. */
  push(item: T): boolean {
    if (this.#length === this.#capacity) return false;
    if (this.#length === this.#slots.length) this.#grow();
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

  #grow(): void {
    const ordered = [...this.#slots.slice(this.#head), ...this.#slots.slice(0, this.#head)];
    const length = Math.min(this.#capacity, 2 * this.#slots.length);
    this.#slots = Array.from({ length }, (_, index) => ordered[index]);
    this.#head = 0;
  }
}

import type { RecordHandler } from './ring.ts';

/** Keeps a record that cannot be handled from ending the capture: it is counted, and the next one is taken. */
export class GuardedHandler {
  readonly #handle: RecordHandler;
  readonly #failed: (error: unknown) => void;
  #faulty = 0;

  /** `failed` is told of the first failure only: thousands more may have the same cause. */
  constructor(handle: RecordHandler, failed: (error: unknown) => void) {
    this.#handle = handle;
    this.#failed = failed;
  }

  /** Records whose handling threw. */
  get faulty(): number {
    return this.#faulty;
  }

  /** Never throws. */
  readonly record: RecordHandler = (view, offset, length) => {
    try {
      this.#handle(view, offset, length);
    } catch (error) {
      this.#faulty++;
      if (this.#faulty === 1) this.#failed(error);
    }
  };
}

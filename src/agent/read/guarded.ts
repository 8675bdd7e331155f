/** Keeps a record that cannot be handled from ending the capture: it is counted, and the next one is taken. */
export class Guard {
  readonly #failed: (error: unknown) => void;
  #faulty = 0;

  /** `failed` is told of the first failure only: thousands more may have the same cause. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** Records whose handling threw. */
  get faulty(): number {
    return this.#faulty;
  }

  /** The same, but that it never throws. */
  around<Arguments extends readonly unknown[]>(handle: (...record: Arguments) => void): (...record: Arguments) => void {
    return (...record) => {
      try {
        handle(...record);
      } catch (error) {
        this.#faulty++;
        if (this.#faulty === 1) this.#failed(error);
      }
    };
  }
}

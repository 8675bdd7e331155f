/** Lets everybody through, or makes everybody wait. */
export class Valve {
  #opened: PromiseWithResolvers<void> | undefined;

  close(): void {
    this.#opened ??= Promise.withResolvers();
  }

  open(): void {
    this.#opened?.resolve();
    this.#opened = undefined;
  }

  async passed(): Promise<void> {
    while (this.#opened !== undefined) await this.#opened.promise;
  }
}

/**
 * Long work is done in short pieces: of all that is under way one piece a turn of the event loop, so that messages are
 * answered in between.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves when it is this work's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  #schedule(): void {
    setImmediate(() => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}

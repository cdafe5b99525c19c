/**
 * Long work is done in short pieces: of all that is under way one piece a turn of the event loop, so that messages are
 * answered in between. Who wants much done delays no other: whoever has pieces waiting gets one done in turn.
 */
export class Turns {
  readonly #waiting = new Map<unknown, (() => void)[]>();

  /** Resolves when it is this work's turn. @param whose pieces of the same one are done in order */
  next(whose?: unknown): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.size === 0) this.#schedule();
      const pieces = this.#waiting.get(whose);
      if (pieces === undefined) this.#waiting.set(whose, [resolve]);
      else pieces.push(resolve);
    });
  }

  /** Walks through all of them, `size` a turn. */
  async *pieces<Item>(items: Iterable<Item>, size: number, whose?: unknown): AsyncIterable<Item> {
    let left = 0;
    for (const item of items) {
      if (left === 0) await this.next(whose);
      left = left === 0 ? size - 1 : left - 1;
      yield item;
    }
  }

  #schedule(): void {
    setImmediate(() => {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [whose, pieces] = next;
      pieces.shift()?.();
      // A map keeps order: who was served stands behind all others.
      this.#waiting.delete(whose);
      if (pieces.length > 0) this.#waiting.set(whose, pieces);
      if (this.#waiting.size > 0) this.#schedule();
    });
  }
}

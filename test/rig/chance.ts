/** Chance that comes the same way again: for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** mulberry32; 0 to 1. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, 0 to below this. */
  below(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  /** Of a list that is not empty. */
  one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}

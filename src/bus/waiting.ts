import { TooManyCalls } from './misuse.ts';

/** Calls one connection, and one user, may leave waiting for their answer at once. Each costs memory until then. */
const perConnectionMax = 64;
const perUserMax = 256;

/** How many calls wait, by who made them: a unique name or a uid. */
export class Waiting {
  readonly #calls = new Map<string | number, number>();

  /** @throws TooManyCalls */
  enter(who: string | number): void {
    const calls = this.#calls.get(who) ?? 0;
    const [max, whose] = typeof who === 'string' ? [perConnectionMax, 'connection'] : [perUserMax, 'user'];
    if (calls >= max)
      throw new TooManyCalls(`${max} calls of this ${whose} wait already. Wait for an answer before asking again.`);
    this.#calls.set(who, calls + 1);
  }

  leave(who: string | number): void {
    const calls = this.#calls.get(who) ?? 0;
    if (calls > 1) this.#calls.set(who, calls - 1);
    else this.#calls.delete(who);
  }

  get size(): number {
    return this.#calls.size;
  }
}

import type { Property } from './member.ts';
import { variantOf } from './properties.ts';
import type { Dictionary } from './wire.ts';

/** Two signals a second at most, however many grants come and go: everyone on the bus may be listening. */
const pauseMsec = 500;

type Later = (msec: number, act: () => void) => void;

/** Says what properties have changed: the first change at once, the next ones together. At rest it has no timer. */
export class Announcer {
  readonly #properties: readonly Property[];
  readonly #announce: (changed: Dictionary) => void;
  readonly #later: Later;
  readonly #told = new Map<string, string>();
  #pausing = false;

  constructor(properties: readonly Property[], announce: (changed: Dictionary) => void, later: Later = afterwards) {
    this.#properties = properties;
    this.#announce = announce;
    this.#later = later;
    this.#news();
  }

  /** Something may have changed. */
  touch(): void {
    if (this.#pausing) return;
    const news = this.#news();
    if (news.length === 0) return;
    this.#announce(news.map((property) => [property.name, variantOf(property)]));
    this.#pausing = true;
    this.#later(pauseMsec, () => this.#resume());
  }

  #resume(): void {
    this.#pausing = false;
    this.touch();
  }

  #news(): readonly Property[] {
    return this.#properties.filter(({ name, read }) => {
      const value = String(read());
      const changed = this.#told.get(name) !== value;
      this.#told.set(name, value);
      return changed;
    });
  }
}

const afterwards: Later = (msec, act) => {
  setTimeout(act, msec).unref();
};

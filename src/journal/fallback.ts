import { type Entry, entryOf } from './entry.ts';
import type { Delivery, Sink } from './sink.ts';

/** The journal, and stderr for what it cannot take: journald absent, restarting, or an entry too long for it. */
export class Fallback implements Sink {
  readonly #journald: Sink;
  readonly #stderr: Sink;
  #strayed = 0;

  constructor(journald: Sink, stderr: Sink) {
    this.#journald = journald;
    this.#stderr = stderr;
  }

  send(entry: Entry): Delivery {
    if (this.#strayed > 0) this.#tellOfStrayed();
    const delivery = this.#journald.send(entry);
    if (delivery !== 'never') return delivery;

    const strayed = this.#stderr.send(entry);
    if (strayed === 'sent') this.#strayed++;
    return strayed;
  }

  sendElsewhere(entry: Entry): void {
    this.#stderr.send(entry);
  }

  /** So that who reads the journal afterwards knows that there is more. */
  #tellOfStrayed(): void {
    const count = this.#strayed;
    const text = `The journal could not take ${count} ${count === 1 ? 'message' : 'messages'}: see stderr.`;
    if (this.#journald.send(entryOf('warning', text, { count })) === 'sent') this.#strayed = 0;
  }

  [Symbol.dispose](): void {
    this.#journald[Symbol.dispose]();
    this.#stderr[Symbol.dispose]();
  }
}

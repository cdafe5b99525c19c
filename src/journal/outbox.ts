import { type Entry, entryOf, sizeOf } from './entry.ts';
import type { Sink } from './sink.ts';

const entriesMax = 1024;
const bytesMax = 1024 * 1024;
const retryMsecMin = 10;
const retryMsecMax = 1000;

/** Calls back once, after so many msec, unless it is disposed of before. */
export type Delay = (callback: () => void, msec: number) => Disposable;

/** A timer that keeps no process alive. */
const timer: Delay = (callback, msec) => {
  const timeout = setTimeout(callback, msec).unref();
  return { [Symbol.dispose]: () => clearTimeout(timeout) };
};

/**
 * Keeps entries in order while their reader is behind. When it is full the newest are lost, and counted: what began the
 * trouble is worth more than its thousandth repetition. There is a timer only while something waits.
 */
export class Outbox implements Disposable {
  readonly #sink: Sink;
  readonly #delay: Delay;
  readonly #waiting: Entry[] = [];
  #bytes = 0;
  #lost = 0;
  #retryMsec = retryMsecMin;
  #retry: Disposable | undefined;

  constructor(sink: Sink, delay: Delay = timer) {
    this.#sink = sink;
    this.#delay = delay;
  }

  put(entry: Entry): void {
    this.#send();
    if (this.#waiting.length > 0 || !this.#sent(entry)) this.#keep(entry);
  }

  /** Sends what waits, as far as that goes; and when nothing waits any more, how many were lost. */
  #send(): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      if (!this.#sent(first)) return;
      this.#waiting.shift();
      this.#bytes -= sizeOf(first);
    }
    this.#stopRetrying();
    if (this.#lost > 0) this.#tellOfLost();
  }

  /** Whether it is off our hands. */
  #sent(entry: Entry): boolean {
    const delivery = this.#sink.send(entry);
    if (delivery === 'never') this.#lost++;
    return delivery !== 'later';
  }

  #keep(entry: Entry): void {
    if (this.#waiting.length >= entriesMax || this.#bytes + sizeOf(entry) > bytesMax) {
      this.#lost++;
      return;
    }
    this.#waiting.push(entry);
    this.#bytes += sizeOf(entry);
    this.#retry ??= this.#startRetrying();
  }

  #tellOfLost(): void {
    const count = this.#lost;
    const text = `${count} ${count === 1 ? 'message was' : 'messages were'} lost: nobody read them.`;
    const entry = entryOf('warning', text, { count });
    const delivery = this.#sink.send(entry);
    if (delivery === 'never') return;
    this.#lost = 0;
    if (delivery === 'later') this.#keep(entry);
  }

  #startRetrying(): Disposable {
    return this.#delay(() => {
      this.#retry = undefined;
      const before = this.#waiting.length;
      this.#send();
      // A slow reader is visited again soon, one that stands still ever more seldom.
      const stuck = this.#waiting.length === before;
      this.#retryMsec = stuck ? Math.min(this.#retryMsec * 2, retryMsecMax) : retryMsecMin;
      if (this.#waiting.length > 0) this.#retry ??= this.#startRetrying();
    }, this.#retryMsec);
  }

  #stopRetrying(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#retryMsec = retryMsecMin;
  }

  /** A last try. What waits even then may go elsewhere, or is lost. */
  [Symbol.dispose](): void {
    this.#send();
    this.#stopRetrying();
    for (const entry of this.#waiting.splice(0)) this.#sink.sendElsewhere?.(entry);
    this.#bytes = 0;
    this.#sink[Symbol.dispose]();
  }
}

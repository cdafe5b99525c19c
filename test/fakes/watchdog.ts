import type { Kind } from '../../src/core/scheduling.ts';
import { neverLate } from '../../src/core/statistics.ts';
import { keyOf, type Thread } from '../../src/core/thread.ts';
import type { Watch, Watchdog, WatchdogEvent } from '../../src/ports.ts';

/** Watches whom it is told to, and says what a test wants it to have seen. */
export class FakeWatchdog implements Watchdog {
  onEvent: (event: WatchdogEvent) => void = () => {};
  restarts = 0;
  lateness = neverLate;
  readonly #watched = new Map<number, Thread>();
  #cookies = 0;

  enter(thread: Thread, _kind: Kind): Watch {
    const cookie = ++this.#cookies;
    this.#watched.set(cookie, thread);
    let kept = false;
    const leave = () => void this.#watched.delete(cookie);
    return {
      cookie,
      keep: () => {
        kept = true;
      },
      leave,
      [Symbol.dispose]: () => {
        if (!kept) leave();
      },
    };
  }

  restart(): void {
    this.restarts++;
  }

  /** How many places of the roster are taken, by this thread or by all. */
  watching(thread?: Thread): number {
    const all = [...this.#watched.values()];
    return thread === undefined ? all.length : all.filter((each) => keyOf(each) === keyOf(thread)).length;
  }

  cookieOf(thread: Thread): number {
    const [cookie] = [...this.#watched].find(([, each]) => keyOf(each) === keyOf(thread)) ?? [];
    if (cookie === undefined) throw new Error(`nobody watches thread ${thread.tid}`);
    return cookie;
  }

  /** As the native one would report it. */
  demoted(thread: Thread, reason = 'silence', cookie = this.cookieOf(thread)): void {
    const figures = { cpu: 1, lateUsec: 310_000, ranUsec: 300_000, windowUsec: 320_000 };
    this.onEvent({ kind: 'demoted', cookie, reason, ...figures });
  }
}

import type { Grant, Ledger } from './core/ledger.ts';
import { keyOf, type Thread } from './core/thread.ts';
import type { Logbook, News, ThreadHandle, Watch } from './ports.ts';

/** What is held of a granted thread, and why the watchdog demoted it for a while, if it did. */
export interface Ward {
  readonly handle: ThreadHandle;
  watch: Watch;
  /** Cookies of watches it had before it was granted anew: what the watchdog did then may not have been heard yet. */
  readonly formerCookies: readonly number[];
  demoted: string | undefined;
}

/** As many as a process may ask at once. */
const formerMax = 32;

/** Far more than the watchdog demotes before it is heard. */
const overMax = 256;

/** The granted threads in our care: each grant of the ledger has a ward, and goes with it. */
export class Wards {
  readonly #ledger: Ledger;
  readonly #logbook: Logbook;
  readonly #tell: (news: News) => void;
  readonly #wards = new Map<string, Ward>();
  readonly #ofCookie = new Map<number, Thread>();
  /** Grants that are over, by their cookies: what the watchdog did to them may not have been heard yet. */
  readonly #over = new Map<number, Grant>();

  constructor(ledger: Ledger, logbook: Logbook, tell: (news: News) => void) {
    this.#ledger = ledger;
    this.#logbook = logbook;
    this.#tell = tell;
  }

  of(thread: Thread): Ward | undefined {
    return this.#wards.get(keyOf(thread));
  }

  /** The grant and ward that a cookie of the watchdog means, also when it was granted anew since; undefined when it has ended. */
  ofCookie(cookie: number): { readonly grant: Grant; readonly ward: Ward } | undefined {
    const thread = this.#ofCookie.get(cookie);
    const grant = thread && this.#ledger.find(thread);
    const ward = thread && this.of(thread);
    return grant === undefined || ward === undefined ? undefined : { grant, ward };
  }

  /** The grant that a cookie meant, if it ended not long ago. */
  overOfCookie(cookie: number): Grant | undefined {
    return this.#over.get(cookie);
  }

  /** In place of the one the thread had. */
  take(thread: Thread, handle: ThreadHandle, watch: Watch, onGone: () => void): void {
    const before = this.of(thread);
    const formerCookies = before ? [...before.formerCookies, before.watch.cookie].slice(-formerMax) : [];
    this.#drop(thread);
    this.#wards.set(keyOf(thread), { handle, watch, formerCookies, demoted: undefined });
    for (const cookie of [...formerCookies, watch.cookie]) this.#ofCookie.set(cookie, thread);
    watch.keep();
    handle.keep(onGone);
  }

  /** For a while it has not what it was granted. */
  demote(ward: Ward, reason: string): void {
    ward.demoted = reason;
    this.#logbook.write({ kind: 'demoted', key: keyOf(ward.handle.thread), reason });
  }

  /** It has it again, and is watched anew. */
  restore(ward: Ward, watch: Watch): void {
    const { thread } = ward.handle;
    ward.demoted = undefined;
    this.#logbook.write({ kind: 'restored', key: keyOf(thread) });
    this.#ofCookie.delete(ward.watch.cookie);
    ward.watch.leave();
    watch.keep();
    ward.watch = watch;
    this.#ofCookie.set(watch.cookie, thread);
  }

  /** The grant is over: out of the ledger, with all that was held. @returns the grant, if there was one */
  strike(thread: Thread, reason: string): Grant | undefined {
    const grant = this.#ledger.end(thread);
    const cookie = this.of(thread)?.watch.cookie;
    this.#drop(thread);
    if (grant === undefined) return undefined;
    if (cookie !== undefined) this.#rememberOver(cookie, grant);
    this.#logbook.write({ kind: 'ended', key: keyOf(thread) });
    this.#tell({ kind: 'removed', grant, reason });
    return grant;
  }

  #rememberOver(cookie: number, grant: Grant): void {
    this.#over.set(cookie, grant);
    for (const oldest of this.#over.keys()) {
      if (this.#over.size <= overMax) return;
      this.#over.delete(oldest);
    }
  }

  #drop(thread: Thread): void {
    const ward = this.of(thread);
    if (ward === undefined) return;
    this.#wards.delete(keyOf(thread));
    for (const cookie of [...ward.formerCookies, ward.watch.cookie]) this.#ofCookie.delete(cookie);
    ward.handle.drop();
    ward.watch.leave();
  }
}

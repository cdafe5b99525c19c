import type { Uid } from '../core/thread.ts';

/**
 * So many questions of one user may be with polkit at once, and so many in all. dbus-daemon lets a connection wait for 128
 * replies (max_replies_per_connection) and fails whatever is asked beyond, whoever it is for; the rest is for other calls
 * of ours. It counts a question until polkit has answered, however long ago we gave it up: the system bus has no
 * reply_timeout. More at once would gain nothing either, for polkit answers one after the other.
 */
export const questionsMax = { perUser: 16, inAll: 96 };

/**
 * Dialogs may take minutes, and nobody knows whether anyone sits in front of them: they have places of their own, so that
 * no question waits behind one.
 */
export const dialogsMax = { perUser: 1, inAll: 8 };

type Start = () => Promise<unknown>;

interface User {
  asking: number;
  readonly waiting: Set<Start>;
}

/**
 * Who waits for a place at polkit. Free places go round by user, so that nobody waits behind all that another one asks.
 * It is no longer than the calls that may wait for us: those of one user are bounded by his burst and by the number the
 * bus side lets wait at once, and users by limits.users_max, since each question holds a place in the ledger.
 */
export class Line {
  readonly #max: { readonly perUser: number; readonly inAll: number };
  /** In the order of their turns. */
  readonly #users = new Map<Uid, User>();
  #asking = 0;

  constructor(max = questionsMax) {
    this.#max = max;
  }

  /**
   * Calls `start`, which must not throw, when there is a place, which is free again when what it returned has settled.
   * @returns leaves the line; false: too late, it is started
   */
  enter(uid: Uid, start: Start): () => boolean {
    const user = this.#users.get(uid) ?? { asking: 0, waiting: new Set() };
    this.#users.set(uid, user);
    user.waiting.add(start);
    this.#serve();
    return () => {
      if (!user.waiting.delete(start)) return false;
      this.#forgetIdle(uid, user);
      return true;
    };
  }

  /** Users with a question, waiting or asked. */
  get size(): number {
    return this.#users.size;
  }

  #serve(): void {
    for (const [uid, user] of this.#users) {
      if (this.#asking === this.#max.inAll) return;
      const [start] = user.waiting;
      if (start === undefined || user.asking === this.#max.perUser) continue;

      // Behind all others: the loop comes by again, when each has had his turn.
      this.#users.delete(uid);
      this.#users.set(uid, user);
      user.waiting.delete(start);
      this.#place(uid, user, start);
    }
  }

  #place(uid: Uid, user: User, start: Start): void {
    const free = () => {
      this.#asking--;
      user.asking--;
      this.#forgetIdle(uid, user);
      this.#serve();
    };
    this.#asking++;
    user.asking++;
    start().then(free, free);
  }

  #forgetIdle(uid: Uid, { asking, waiting }: User): void {
    if (asking === 0 && waiting.size === 0) this.#users.delete(uid);
  }
}
